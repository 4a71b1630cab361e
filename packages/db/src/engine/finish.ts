import { type Applied, type StepError } from '@formwork/core';
import type { Transaction } from '../database.ts';
import { changeNodeRoles } from './change-node-roles.ts';
import type { Resume } from './claim.ts';
import { dropNodeRoles } from './drop-node-roles.ts';
import type { NodeRoleRow } from './node-role-row.ts';

/** What becomes of the machine itself with a stage-one result. */
export interface NodePatch {
  readonly state?: 'creating' | 'ready' | 'unreachable' | 'destroying' | 'destroyed' | 'failed';
  readonly host?: string;
  readonly port?: number;
  readonly sshUser?: string;
  readonly hostKey?: string;
  readonly hostKeyTrust?: string;
  readonly providerId?: string;
  readonly facts?: unknown;
  readonly message?: string | null;
  readonly candidate?: number;
  readonly lost?: boolean;
}

export type Outcome =
  /** The step is through; `applied` is null for a removal. */
  | { readonly kind: 'done'; readonly applied: Applied | null; readonly node?: NodePatch }
  | { readonly kind: 'failed'; readonly error: StepError; readonly retryAtMs: number | null; readonly node?: NodePatch }
  | {
      readonly kind: 'pended';
      readonly untilMs: number;
      readonly why: string;
      readonly resume: Resume;
      readonly node?: NodePatch;
    }
  /** Stopped because somebody asked; nothing of it runs any more. */
  | { readonly kind: 'withdrawn' };

export interface Finish {
  readonly nodeRoleId: string;
  readonly attemptId: string;
  readonly fence: number;
  readonly worker: string;
  readonly nowMs: number;
  readonly outcome: Outcome;
}

/**
 * Records how an execution ended. An old fence changes nothing and answers false: whoever claimed later is right.
 */
export async function finishNodeRole(tx: Transaction, finish: Finish): Promise<boolean> {
  const [claim] = await tx.query<{ fence: number; abort: boolean }>(
    'SELECT fence, abort FROM claims WHERE node_role_id = $1 FOR UPDATE',
    [finish.nodeRoleId],
  );
  if (claim?.fence !== finish.fence) return false;
  // Somebody asked for it to stop: it neither waits on nor will be tried again, it rests.
  const { outcome } = finish;
  const goesOn = outcome.kind === 'pended' || (outcome.kind === 'failed' && outcome.retryAtMs !== null);
  return recordOutcome(tx, { ...finish, outcome: claim.abort && goesOn ? { kind: 'withdrawn' } : outcome });
}

async function recordOutcome(tx: Transaction, finish: Finish): Promise<boolean> {
  const { outcome } = finish;
  const actor = `worker:${finish.worker}`;
  const data = { attemptId: finish.attemptId };
  const [result] = await changeNodeRoles(tx, [
    outcome.kind === 'done'
      ? {
          nodeRoleId: finish.nodeRoleId,
          event: { kind: 'done' },
          guard: { fence: finish.fence },
          set: { ...(outcome.applied === null ? {} : { applied: outcome.applied }) },
          actor,
          data,
        }
      : outcome.kind === 'failed'
        ? {
            nodeRoleId: finish.nodeRoleId,
            event: { kind: 'failed', error: outcome.error, retryAtMs: outcome.retryAtMs },
            guard: { fence: finish.fence },
            actor,
            data,
          }
        : outcome.kind === 'pended'
          ? {
              nodeRoleId: finish.nodeRoleId,
              event: { kind: 'pended', untilMs: outcome.untilMs, why: outcome.why },
              guard: { fence: finish.fence },
              // A job that comes twice must not cut the wait short: only the one that ends it knows this dispatch.
              set: { bumpDispatch: true, driveInMs: Math.max(0, outcome.untilMs - finish.nowMs) },
              actor,
              data,
            }
          : {
              nodeRoleId: finish.nodeRoleId,
              event: { kind: 'withdrawn' },
              guard: { fence: finish.fence },
              actor,
              data,
            },
  ]);
  if (result?.ok !== true) return false;
  await tx.query('DELETE FROM claims WHERE node_role_id = $1', [finish.nodeRoleId]);
  await closeAttempt(tx, finish);
  // Carried over from a former plan, it is judged anew, and may have to wait for what needs the same lock.
  const carried = result.row.pending?.carriedAttempt === result.row.attempt;
  const keepsLock = outcome.kind === 'pended' || (outcome.kind === 'failed' && outcome.retryAtMs !== null && !carried);
  if (!keepsLock) await tx.query('DELETE FROM lock_holds WHERE node_role_id = $1', [finish.nodeRoleId]);
  if ('node' in outcome && result.row.nodeId !== null) {
    await patchNode(tx, result.row.nodeId, outcome.node, result.row, actor);
  }
  return true;
}

async function closeAttempt(tx: Transaction, finish: Finish): Promise<void> {
  const { outcome } = finish;
  if (outcome.kind === 'pended') {
    await tx.query(`UPDATE attempts SET state = 'waiting', resume = $2 WHERE id = $1`, [
      finish.attemptId,
      JSON.stringify(outcome.resume),
    ]);
    return;
  }
  const state = outcome.kind === 'done' ? 'done' : outcome.kind === 'failed' ? 'failed' : 'aborted';
  await tx.query('UPDATE attempts SET state = $2, error = $3, ended_at = clock_timestamp() WHERE id = $1', [
    finish.attemptId,
    state,
    outcome.kind === 'failed' ? JSON.stringify(outcome.error) : null,
  ]);
}

/**
 * Writes what a look at a machine saw, unless it has begun to go meanwhile: a look takes its time, and a late one must
 * not bring back what is being destroyed.
 */
export async function recordLook(
  tx: Transaction,
  nodeId: string,
  seen: NodePatch & { readonly state: 'ready' | 'unreachable' },
  actor: string,
): Promise<void> {
  const watched = await tx.query(
    `SELECT id FROM nodes WHERE id = $1 AND state IN ('ready', 'unreachable') FOR UPDATE`,
    [nodeId],
  );
  if (watched.length > 0) await patchNode(tx, nodeId, seen, null, actor);
}

/** Writes what a step learned of a machine; a machine that is gone takes the rest of its node-roles with it. */
export async function patchNode(
  tx: Transaction,
  nodeId: string,
  patch: NodePatch,
  row: Pick<NodeRoleRow, 'deploymentId' | 'runId'> | null,
  actor: string,
): Promise<void> {
  const [before] = await tx.query<{ name: string; state: string; deployment_id: string | null }>(
    'SELECT name, state, deployment_id FROM nodes WHERE id = $1 FOR UPDATE',
    [nodeId],
  );
  if (before === undefined) return;
  await tx.query(
    `UPDATE nodes SET state = COALESCE($2, state), host = COALESCE($3, host), port = COALESCE($4, port), ssh_user = COALESCE($5, ssh_user),
       host_key = COALESCE($6, host_key), host_key_trust = COALESCE($7, host_key_trust), provider_id = COALESCE($8, provider_id),
       facts = COALESCE($9::jsonb, facts), message = CASE WHEN $10 THEN $11 ELSE message END, candidate = COALESCE($12, candidate),
       lost = COALESCE($13, lost), updated_at = clock_timestamp(),
       version = version + CASE WHEN $2 IS DISTINCT FROM state AND $2 IS NOT NULL OR $13 IS NOT NULL THEN 1 ELSE 0 END
     WHERE id = $1`,
    [
      nodeId,
      patch.state ?? null,
      patch.host ?? null,
      patch.port ?? null,
      patch.sshUser ?? null,
      patch.hostKey ?? null,
      patch.hostKeyTrust ?? null,
      patch.providerId ?? null,
      patch.facts === undefined ? null : JSON.stringify(patch.facts),
      patch.message !== undefined,
      patch.message ?? null,
      patch.candidate ?? null,
      patch.lost ?? null,
    ],
  );
  if (patch.state !== undefined && patch.state !== before.state) {
    tx.emit({
      kind: `node.${patch.state}`,
      actor,
      deploymentId: row?.deploymentId ?? before.deployment_id,
      runId: row?.runId ?? null,
      nodeId,
      data: {
        name: before.name,
        from: before.state,
        state: patch.state,
        ...(patch.message == null ? {} : { message: patch.message }),
      },
    });
  }
  if (patch.state === 'destroyed') await dropNodeRolesOf(tx, nodeId, actor);
}

/** A `once` role's outputs belong to the deployment: its node-role outlives the node and is dropped with the deployment. */
async function dropNodeRolesOf(tx: Transaction, nodeId: string, actor: string): Promise<void> {
  const rows = await tx.query<{ id: string }>(
    `SELECT n.id FROM node_roles n JOIN deployments d ON d.id = n.deployment_id
     WHERE n.node_id = $1 AND n.state <> 'removed' AND NOT n.holds AND NOT (d.once ? n."as" AND n.applied IS NOT NULL AND d.state <> 'destroying')
     ORDER BY n.id`,
    [nodeId],
  );
  await dropNodeRoles(
    tx,
    rows.map((row) => row.id),
    actor,
  );
}
