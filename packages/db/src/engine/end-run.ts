import type { JsonObject } from '@formwork/core';
import type { Transaction } from '../transaction.ts';

export interface RunEnd {
  readonly runId: string;
  readonly state: 'succeeded' | 'failed' | 'cancelled';
  /** What the deployment is from now on; null leaves it. */
  readonly deploymentState: 'active' | 'failed' | 'destroyed' | 'destroying' | null;
  readonly summary: JsonObject;
  /** Versions of the run's node-roles as the caller saw them, by id: with any other the run may not be over. */
  readonly seen: ReadonlyMap<string, number>;
  readonly actor: string;
}

/**
 * Closes a run once: the second call changes nothing and answers false, as does one that did not see what somebody
 * (a retry, a skip) has changed since, or while something of the run is still at work: what nobody wants any more has no
 * vertex, and is dropped when it rests. A lock kept for a retry that will not come is given back.
 */
export async function endRun(tx: Transaction, end: RunEnd): Promise<boolean> {
  await tx.query(
    'SELECT d.id FROM deployments d JOIN runs r ON r.deployment_id = d.id WHERE r.id = $1 FOR UPDATE OF d',
    [end.runId],
  );
  const rows = await tx.query<{ id: string; version: number; holds: boolean }>(
    'SELECT id, version, holds FROM node_roles WHERE run_id = $1',
    [end.runId],
  );
  if (rows.some((row) => row.holds || (end.seen.has(row.id) && end.seen.get(row.id) !== row.version))) return false;
  const [run] = await tx.query<{ deployment_id: string; purpose: string }>(
    `UPDATE runs SET state = $2, ended_at = clock_timestamp(), summary = $3 WHERE id = $1 AND state = 'running'
     RETURNING deployment_id, purpose`,
    [end.runId, end.state, JSON.stringify(end.summary)],
  );
  if (run === undefined) return false;
  await tx.query('DELETE FROM lock_holds WHERE node_role_id = ANY($1::uuid[])', [rows.map((row) => row.id)]);
  if (end.deploymentState !== null) {
    await tx.query(
      `UPDATE deployments SET state = $2, version = version + 1, updated_at = clock_timestamp() WHERE id = $1`,
      [run.deployment_id, end.deploymentState],
    );
    tx.emit({
      kind: `deployment.${end.deploymentState}`,
      actor: end.actor,
      deploymentId: run.deployment_id,
      runId: end.runId,
      data: { state: end.deploymentState },
    });
  }
  tx.emit({
    kind: `run.${end.state}`,
    actor: end.actor,
    deploymentId: run.deployment_id,
    runId: end.runId,
    data: { state: end.state, purpose: run.purpose, ...end.summary },
  });
  return true;
}
