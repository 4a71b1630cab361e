import type { JsonObject } from '@formwork/core';
import type { Transaction } from '../database.ts';

export interface RunEnd {
  readonly runId: string;
  readonly state: 'succeeded' | 'failed' | 'cancelled';
  /** What the deployment is from now on; null leaves it. */
  readonly deploymentState: 'active' | 'failed' | 'destroyed' | 'destroying' | null;
  readonly summary: JsonObject;
  readonly actor: string;
}

/** Closes a run once: the second call changes nothing and answers false. */
export async function endRun(tx: Transaction, end: RunEnd): Promise<boolean> {
  const [run] = await tx.query<{ deployment_id: string; purpose: string }>(
    `UPDATE runs SET state = $2, ended_at = clock_timestamp(), summary = $3 WHERE id = $1 AND state = 'running'
     RETURNING deployment_id, purpose`,
    [end.runId, end.state, JSON.stringify(end.summary)],
  );
  if (run === undefined) return false;
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
