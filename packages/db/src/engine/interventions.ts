import { FormworkError, holds, workOf } from '@formwork/core';
import type { Transaction } from '../transaction.ts';
import { changeNodeRoles } from './change-node-roles.ts';
import {
  type FullColumns,
  fullNodeRoleColumns,
  type NodeRoleColumns,
  nodeRoleColumns,
  type NodeRoleRow,
  parseFullNodeRole,
  parseNodeRole,
} from './node-role-row.ts';

/** What people do to a run that is under way. Each says no with a reason rather than doing half of it. */

export async function setPaused(tx: Transaction, deploymentId: string, paused: boolean, actor: string): Promise<void> {
  await tx.query('UPDATE deployments SET paused = $2, version = version + 1, updated_at = now() WHERE id = $1', [
    deploymentId,
    paused,
  ]);
  tx.emit({ kind: paused ? 'deployment.paused' : 'deployment.resumed', actor, deploymentId, data: { paused } });
}

/**
 * Ends the live run: nothing new starts, what runs is aborted on its nodes, what was done stays done.
 */
export async function cancelRun(tx: Transaction, deploymentId: string, actor: string): Promise<string> {
  await tx.query('SELECT id FROM deployments WHERE id = $1 FOR UPDATE', [deploymentId]);
  const [run] = await tx.query<{ id: string; purpose: string }>(
    `UPDATE runs SET state = 'cancelled', ended_at = clock_timestamp() WHERE deployment_id = $1 AND state = 'running' RETURNING id, purpose`,
    [deploymentId],
  );
  if (run === undefined) throw new FormworkError('conflict', 'no-live-run', 'nothing is running in this deployment');
  const rows = await tx.query<NodeRoleColumns>(
    `SELECT ${nodeRoleColumns} FROM node_roles n WHERE n.run_id = $1 ORDER BY n.id FOR UPDATE`,
    [run.id],
  );
  await tx.query('UPDATE claims SET abort = true WHERE node_role_id IN (SELECT id FROM node_roles WHERE run_id = $1)', [
    run.id,
  ]);
  const queued = rows.map(parseNodeRole).filter((row) => {
    const work = workOf(row.state);
    return work !== null && ((work.phase === 'ready' && work.queued) || work.phase === 'waiting');
  });
  await changeNodeRoles(
    tx,
    queued.map((row) => ({ nodeRoleId: row.id, event: { kind: 'withdrawn' as const }, actor })),
  );
  // A lock that is kept for a retry: the retry does not come now.
  await tx.query(
    'DELETE FROM lock_holds WHERE node_role_id IN (SELECT id FROM node_roles WHERE run_id = $1 AND NOT holds)',
    [run.id],
  );
  await tx.query(
    `UPDATE deployments SET state = CASE WHEN $2 = 'destroy' THEN 'destroying' WHEN $2 = 'apply' THEN 'failed' ELSE state END,
       version = version + 1, updated_at = now() WHERE id = $1`,
    [deploymentId, run.purpose],
  );
  tx.emit({
    kind: 'run.cancelled',
    actor,
    deploymentId,
    runId: run.id,
    data: { state: 'cancelled', withdrawn: queued.length },
  });
  return run.id;
}

/** Under the deployment's lock, which everything that begins or ends a run takes first. */
async function readNodeRole(tx: Transaction, nodeRoleId: string): Promise<NodeRoleRow> {
  await tx.query(
    'SELECT d.id FROM deployments d JOIN node_roles n ON n.deployment_id = d.id WHERE n.id = $1 FOR UPDATE OF d',
    [nodeRoleId],
  );
  const [columns] = await tx.query<FullColumns>(
    `SELECT ${fullNodeRoleColumns} FROM node_roles n WHERE n.id = $1 FOR UPDATE`,
    [nodeRoleId],
  );
  if (columns === undefined) throw new FormworkError('not-found', 'node-role-not-found', 'there is no such node-role');
  return parseFullNodeRole(columns);
}

interface LastRun {
  readonly id: string;
  readonly state: string;
  readonly purpose: string;
}

async function readLast(tx: Transaction, deploymentId: string): Promise<LastRun | null> {
  const [last] = await tx.query<LastRun>(
    'SELECT id, state, purpose FROM runs WHERE deployment_id = $1 ORDER BY started_at DESC LIMIT 1',
    [deploymentId],
  );
  return last ?? null;
}

/** A run that had ended goes on. */
async function reopen(tx: Transaction, run: LastRun, row: NodeRoleRow, actor: string): Promise<void> {
  if (run.state === 'running') return;
  await tx.query(`UPDATE runs SET state = 'running', ended_at = NULL WHERE id = $1`, [run.id]);
  if (run.purpose === 'apply')
    await tx.query(`UPDATE deployments SET state = 'running', version = version + 1 WHERE id = $1`, [row.deploymentId]);
  tx.emit({
    kind: 'run.reopened',
    actor,
    deploymentId: row.deploymentId,
    runId: run.id,
    data: { state: 'running', because: row.key },
  });
}

/**
 * Puts a failed node-role back to work in the deployment's live or last run; a run that had ended goes on. It runs even
 * where its rollout is stopped: a person asked for just this one.
 */
export async function retryNodeRole(tx: Transaction, nodeRoleId: string, actor: string): Promise<void> {
  const row = await readNodeRole(tx, nodeRoleId);
  const work = workOf(row.state);
  if (work?.phase !== 'failed') {
    throw new FormworkError(
      'conflict',
      'not-failed',
      `${row.key} is ${row.state.state}, and only what has failed can be retried`,
    );
  }
  const last = await readLast(tx, row.deploymentId);
  if (last === null || row.runId !== last.id || row.pending === null) {
    throw new FormworkError(
      'conflict',
      'run-over',
      `${row.key} has no work in the latest run; apply the deployment again`,
    );
  }
  await reopen(tx, last, row, actor);
  const pending = { ...row.pending, forced: true };
  await changeNodeRoles(tx, [{ nodeRoleId, event: { kind: 'retried' }, set: { tries: 0, pending }, actor }]);
}

/** Lets the run go on without it, one that had failed too; what needs its outputs stays blocked and says so. */
export async function skipNodeRole(tx: Transaction, nodeRoleId: string, because: string, actor: string): Promise<void> {
  const row = await readNodeRole(tx, nodeRoleId);
  if (holds(row.state)) {
    throw new FormworkError('conflict', 'in-progress', `${row.key} is at work; cancel or wait, then skip it`);
  }
  const [result] = await changeNodeRoles(tx, [
    { nodeRoleId, event: { kind: 'skipped', because }, actor, data: { because } },
  ]);
  if (result?.ok !== true) {
    throw new FormworkError('conflict', 'not-skippable', `${row.key} is ${row.state.state} and cannot be skipped`);
  }
  await tx.query('DELETE FROM lock_holds WHERE node_role_id = $1', [nodeRoleId]);
  const last = await readLast(tx, row.deploymentId);
  if (last?.state === 'failed' && row.runId === last.id) await reopen(tx, last, row, actor);
}
