import {
  type Applied,
  FormworkError,
  holds,
  type JsonObject,
  type NodeRoleEvent,
  type NodeRoleState,
  transition,
} from '@formwork/core';
import type { Transaction } from '../transaction.ts';
import {
  nodeRoleColumns,
  type NodeRoleColumns,
  type NodeRoleRow,
  parseNodeRole,
  type Pending,
  stateForEvent,
} from './node-role-row.ts';

/** One step of one node-role. The guard names what the caller saw; when it no longer holds, nothing changes. */
export interface NodeRoleChange {
  readonly nodeRoleId: string;
  /** A step that comes right before, in the same write; it has a version and an event of its own. */
  readonly before?: NodeRoleEvent;
  /** Null changes only what `set` names. */
  readonly event: NodeRoleEvent | null;
  readonly guard?: {
    readonly dispatch?: number;
    readonly fence?: number;
    readonly runId?: string;
    readonly version?: number;
  };
  readonly set?: NodeRoleSettings;
  readonly actor: string;
  /** More for the event: why, and of which attempt. */
  readonly data?: JsonObject;
}

export interface NodeRoleSettings {
  readonly runId?: string | null;
  readonly pending?: Pending | null;
  readonly applied?: Applied;
  readonly roleDigest?: string;
  readonly stage?: string;
  readonly attempt?: number;
  readonly tries?: number;
  readonly everStarted?: true;
  readonly bumpDispatch?: true;
  readonly bumpFence?: true;
  /** Milliseconds from the database's now until the backstop drives it again; null for never. */
  readonly driveInMs?: number | null;
}

export type ChangeResult =
  | { readonly ok: true; readonly row: NodeRoleRow }
  | { readonly ok: false; readonly why: 'gone' | 'guard' | 'illegal'; readonly row: NodeRoleRow | null };

/**
 * The one writer of node-role states: reads the rows under lock, asks the reducer, writes them in one statement and
 * emits an event each. Several changes of one node-role in a call are refused: the caller decides their order.
 */
export async function changeNodeRoles(
  tx: Transaction,
  changes: readonly NodeRoleChange[],
): Promise<readonly ChangeResult[]> {
  if (changes.length === 0) return [];
  const rows = await lockNodeRoles(
    tx,
    changes.map((change) => change.nodeRoleId),
  );
  return changeLockedNodeRoles(tx, changes, rows);
}

/** Reads them `FOR UPDATE`, in the order of their ids. */
export async function lockNodeRoles(
  tx: Transaction,
  ids: readonly string[],
): Promise<ReadonlyMap<string, NodeRoleRow>> {
  const rows = await tx.query<NodeRoleColumns>(
    `SELECT ${nodeRoleColumns} FROM node_roles n WHERE n.id = ANY($1::uuid[]) ORDER BY n.id FOR UPDATE`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, parseNodeRole(row)]));
}

/** The same over rows that the caller has locked in this transaction. The writes are on their way when it answers. */
export function changeLockedNodeRoles(
  tx: Transaction,
  changes: readonly NodeRoleChange[],
  rows: ReadonlyMap<string, NodeRoleRow>,
): readonly ChangeResult[] {
  if (new Set(changes.map((change) => change.nodeRoleId)).size !== changes.length) {
    throw new FormworkError('internal', 'double-change', 'a node-role was changed twice in one batch');
  }
  const results: ChangeResult[] = [];
  const updates: Update[] = [];
  for (const change of changes) {
    const row = rows.get(change.nodeRoleId);
    const result = row === undefined ? ({ ok: false, why: 'gone', row: null } as const) : decide(change, row);
    results.push(result);
    if (!result.ok || row === undefined) continue;
    updates.push(toUpdate(change, row, result.row));
    emitSteps(tx, change, row, result.row);
  }
  writeUpdates(tx, updates);
  putDown(
    tx,
    changes.filter((change, index) => change.event?.kind === 'withdrawn' && results[index]?.ok === true),
  );
  return results;
}

function emitSteps(tx: Transaction, change: NodeRoleChange, row: NodeRoleRow, after: NodeRoleRow): void {
  const emit = (kind: string, from: NodeRoleState, state: NodeRoleState, version: number): void => {
    tx.emit({
      kind: `node-role.${kind}`,
      actor: change.actor,
      deploymentId: row.deploymentId,
      runId: after.runId ?? row.runId,
      nodeId: row.nodeId,
      nodeRoleId: row.id,
      data: { key: row.key, version, from: from.state, ...stateForEvent(state), ...change.data },
    });
  };
  const between = stateBetween(change, row) ?? row.state;
  if (change.before !== undefined) emit(change.before.kind, row.state, between, row.version + 1);
  emit(change.event?.kind ?? 'changed', between, after.state, after.version);
}

/** The state that the change's own step starts from; null where the one before it is not legal. */
const stateBetween = (change: NodeRoleChange, row: NodeRoleRow): NodeRoleState | null =>
  change.before === undefined ? row.state : transition(row.state, change.before);

/** What is withdrawn keeps neither a lock nor an open attempt. */
function putDown(tx: Transaction, withdrawn: readonly NodeRoleChange[]): void {
  if (withdrawn.length === 0) return;
  const ids = withdrawn.map((change) => change.nodeRoleId);
  tx.write('DELETE FROM lock_holds WHERE node_role_id = ANY($1::uuid[])', [ids]);
  tx.write(
    `UPDATE attempts SET state = 'aborted', ended_at = clock_timestamp()
     WHERE node_role_id = ANY($1::uuid[]) AND state IN ('waiting', 'running')`,
    [ids],
  );
}

function decide(change: NodeRoleChange, row: NodeRoleRow): ChangeResult {
  const { guard } = change;
  if (
    (guard?.dispatch !== undefined && guard.dispatch !== row.dispatch) ||
    (guard?.fence !== undefined && guard.fence !== row.fence) ||
    (guard?.version !== undefined && guard.version !== row.version) ||
    (guard?.runId !== undefined && guard.runId !== row.runId)
  ) {
    return { ok: false, why: 'guard', row };
  }
  const between = stateBetween(change, row);
  const state = between === null || change.event === null ? between : transition(between, change.event);
  if (state === null) return { ok: false, why: 'illegal', row };
  const set = change.set ?? {};
  return {
    ok: true,
    row: {
      ...row,
      state,
      runId: set.runId === undefined ? row.runId : set.runId,
      pending: set.pending === undefined ? row.pending : set.pending,
      roleDigest: set.roleDigest ?? row.roleDigest,
      stage: set.stage ?? row.stage,
      attempt: set.attempt ?? row.attempt,
      tries: set.tries ?? row.tries,
      everStarted: row.everStarted || set.everStarted === true,
      dispatch: row.dispatch + (set.bumpDispatch === true ? 1 : 0),
      fence: row.fence + (set.bumpFence === true ? 1 : 0),
      version: row.version + (change.before === undefined ? 1 : 2),
      updatedAt: new Date(),
    },
  };
}

interface Update {
  readonly id: string;
  readonly [column: string]: unknown;
}

function toUpdate(change: NodeRoleChange, before: NodeRoleRow, after: NodeRoleRow): Update {
  const set = change.set ?? {};
  const held = holds(after.state);
  return {
    id: before.id,
    state: after.state.state,
    state_data: after.state,
    holds: held,
    run_id: after.runId,
    pending: after.pending,
    role_digest: after.roleDigest,
    stage: after.stage,
    attempt: after.attempt,
    tries: after.tries,
    ever_started: after.everStarted,
    dispatch: after.dispatch,
    fence: after.fence,
    version: after.version,
    applied: set.applied ?? null,
    drives: set.driveInMs !== undefined || !held,
    drive_in_ms: held ? (set.driveInMs ?? null) : null,
  };
}

function writeUpdates(tx: Transaction, updates: readonly Update[]): void {
  if (updates.length === 0) return;
  tx.write(
    `UPDATE node_roles n SET
       state = u.state, state_data = u.state_data, holds = u.holds, run_id = u.run_id, pending = u.pending,
       role_digest = u.role_digest, stage = u.stage, attempt = u.attempt, tries = u.tries, ever_started = u.ever_started,
       dispatch = u.dispatch, fence = u.fence, applied = COALESCE(u.applied, n.applied),
       drive_at = CASE WHEN u.drives THEN clock_timestamp() + u.drive_in_ms * interval '1 millisecond' ELSE n.drive_at END,
       version = u.version, updated_at = clock_timestamp()
     FROM jsonb_to_recordset($1::jsonb) AS u(id uuid, state text, state_data jsonb, holds boolean, run_id uuid, pending jsonb,
       role_digest text, stage text, attempt int, tries int, ever_started boolean, dispatch int, fence int,
       version int, applied jsonb,
       drives boolean, drive_in_ms double precision)
     WHERE n.id = u.id`,
    [JSON.stringify(updates)],
  );
}
