import { FormworkError, holds, type NodeRoleEvent, type PlanAction, type WorkVertex, workOf } from '@formwork/core';
import type { Transaction } from '../transaction.ts';
import { type ApprovalScope, taskStage } from './approval.ts';
import { changeNodeRoles, type NodeRoleChange } from './change-node-roles.ts';
import { insertPlannedNodeRoles } from './insert-planned-node-roles.ts';
import type { FullNodeRoleRow, Pending } from './node-role-row.ts';

const pendingOf = (action: PlanAction, purpose: Pending['purpose'], task: boolean): Pending => ({
  action: action.action,
  purpose,
  reason: action.reason,
  certainty: action.certainty,
  disruption: action.disruption,
  forced: task,
  carriedAttempt: null,
});

/** Puts every planned node-role to work, new ones and those that are there, and drops what nobody wants any more. */
export async function bindPlannedNodeRoles(tx: Transaction, scope: ApprovalScope): Promise<void> {
  const { plan, living, approval, runId } = scope;
  const byKey = new Map(living.map((row) => [row.key, row]));
  const actions = new Map(plan.actions.map((action) => [actionKey(action), action]));
  const changes: NodeRoleChange[] = [];
  const inserts: (readonly [WorkVertex, Pending | null])[] = [];
  const touched = new Set<string>();

  for (const vertex of plan.graph.vertices) {
    if (vertex.kind === 'gate') continue;
    const row = byKey.get(vertex.nodeRole);
    const action = actions.get(`${vertex.purpose === 'apply' ? 'apply' : 'leave'} ${vertex.nodeRole}`);
    const pending = action === undefined ? null : pendingOf(action, vertex.purpose, plan.purpose === 'task');
    if (row === undefined) {
      if (vertex.purpose === 'apply') inserts.push([vertex, pending]);
      continue;
    }
    touched.add(row.key);
    if (pending === null) {
      // A vertex of the graph without work: it only leaves the former run.
      if (row.runId !== null && row.runId !== runId)
        changes.push({ nodeRoleId: row.id, event: null, set: { runId: null, pending: null }, actor: approval.actor });
      continue;
    }
    if (isHolding(row) && vertex.purpose !== 'apply') {
      changes.push(await stopForRemoval(tx, row, { runId, pending, actor: approval.actor }));
      continue;
    }
    const live = isLive(row);
    changes.push({
      nodeRoleId: row.id,
      event: live ? null : beginOf(vertex, row),
      set: {
        runId,
        pending: live ? { ...pending, carriedAttempt: row.attempt } : pending,
        tries: 0,
        stage: plan.purpose === 'task' ? taskStage : vertex.stage,
        // What is removed runs the scripts it was applied with.
        ...(vertex.purpose === 'apply' && !live ? { roleDigest: approval.roleDigest(vertex.role) } : {}),
      },
      actor: approval.actor,
    });
  }
  await dropUnbound(tx, scope, changes, touched);
  const results = await changeNodeRoles(tx, changes);
  // A node-role left behind in the former run would never be looked at again.
  const refused = results.find((result) => !result.ok);
  if (refused !== undefined) {
    throw new FormworkError(
      'internal',
      'plan-not-bound',
      `${refused.row?.key ?? 'a node-role'} could not be taken into the new run`,
    );
  }
  await insertPlannedNodeRoles(tx, scope, inserts);
  // A lock is kept for a retry; what is planned anew takes its turn anew.
  await tx.query(
    `DELETE FROM lock_holds WHERE node_role_id IN (SELECT id FROM node_roles WHERE deployment_id = $1 AND NOT holds)`,
    [scope.deployment.id],
  );
}

/**
 * Takes a node-role out of the work it is in, so that its removal can begin. What runs on a node is aborted there and
 * rests once it is proved gone; what is only queued or waiting rests at once.
 */
async function stopForRemoval(
  tx: Transaction,
  row: FullNodeRoleRow,
  next: { readonly runId: string; readonly pending: Pending | null; readonly actor: string },
): Promise<NodeRoleChange> {
  const set = { runId: next.runId, pending: next.pending, tries: 0 };
  if (workOf(row.state)?.phase === 'running') {
    await tx.query('UPDATE claims SET abort = true WHERE node_role_id = $1', [row.id]);
    return { nodeRoleId: row.id, event: null, set, actor: next.actor };
  }
  return { nodeRoleId: row.id, event: { kind: 'withdrawn' }, set, actor: next.actor };
}

const isHolding = (row: FullNodeRoleRow): boolean => holds(row.state);

/** An attempt is under way, and is carried over. What was only queued is judged anew with everything else. */
const isLive = (row: FullNodeRoleRow): boolean => {
  const phase = workOf(row.state)?.phase;
  return phase === 'running' || phase === 'waiting';
};

function beginOf(vertex: WorkVertex, row: FullNodeRoleRow): NodeRoleEvent {
  if (isHolding(row)) return { kind: 'withdrawn' };
  return vertex.purpose === 'apply' || row.state.state === 'removing' ? { kind: 'planned' } : { kind: 'leaving' };
}

const actionKey = (action: PlanAction): string =>
  `${action.action === 'remove' || action.action === 'evict' || action.action === 'destroy-node' ? 'leave' : 'apply'} ${action.nodeRole}`;

/**
 * Node-roles that the new graph does not know: of the deployment itself, or of a node that stays. Those of a node that
 * goes are dropped when it is gone.
 */
async function dropUnbound(
  tx: Transaction,
  scope: ApprovalScope,
  changes: NodeRoleChange[],
  touched: ReadonlySet<string>,
): Promise<void> {
  const { plan, living, approval, runId } = scope;
  if (plan.purpose === 'task') return;
  // Nodes whose machine goes: what was on them is dropped with it.
  const leaving = new Set(
    plan.actions.flatMap((action) => (action.action === 'destroy-node' && action.node !== null ? [action.node] : [])),
  );
  for (const row of living) {
    // Tasks keep their history and are never stale.
    if (touched.has(row.key) || (row.stage === taskStage && plan.purpose !== 'destroy')) continue;
    const node = row.nodeId === null ? null : row.key.slice(row.as.length + 1);
    const goesWithNode = node !== null && leaving.has(node);
    if (isHolding(row)) {
      // Nobody wants it any more: the scheduler drops it when it rests.
      changes.push(await stopForRemoval(tx, row, { runId, pending: null, actor: approval.actor }));
    } else if (goesWithNode || plan.purpose === 'destroy') {
      changes.push({ nodeRoleId: row.id, event: null, set: { runId: null, pending: null }, actor: approval.actor });
    } else {
      changes.push({
        nodeRoleId: row.id,
        event: { kind: 'dropped' },
        set: { runId: null, pending: null },
        actor: approval.actor,
      });
    }
  }
}
