/** Mirrors packages/db/src/engine/change-node-roles.ts and drop-node-roles.ts: the one writer of states. */
import type { Json } from '../json.ts';
import type { Applied, NodeRoleState } from '../node-role.ts';
import { holds, type NodeRoleEvent, transition } from '../transition.ts';
import type { Pending, Row, Store } from './store.ts';

export interface Settings {
  readonly runId?: string | null;
  readonly pending?: Pending | null;
  readonly applied?: Applied;
  readonly roleDigest?: string;
  readonly attempt?: number;
  readonly tries?: number;
  readonly everStarted?: true;
  readonly bumpDispatch?: true;
  readonly bumpFence?: true;
  readonly driveInMs?: number | null;
}

export interface Change {
  readonly rowId: string;
  readonly event: NodeRoleEvent | null;
  readonly guard?: { readonly version?: number; readonly fence?: number };
  readonly set?: Settings;
}

/** The row as it is now, or null where the guard did not hold or the event means nothing in this state. */
export function changeRow(store: Store, { rowId, event, guard, set = {} }: Change): Row | null {
  const row = store.rows.get(rowId);
  if (row === undefined) return null;
  if (guard?.version !== undefined && guard.version !== row.version) return null;
  if (guard?.fence !== undefined && guard.fence !== row.fence) return null;
  const state = event === null ? row.state : transition(row.state, event);
  if (state === null) return null;
  const held = holds(state);
  const drives = set.driveInMs !== undefined || !held;
  const inMs = held ? (set.driveInMs ?? null) : null;
  const after: Row = {
    ...row,
    state,
    runId: set.runId === undefined ? row.runId : set.runId,
    pending: set.pending === undefined ? row.pending : set.pending,
    roleDigest: set.roleDigest ?? row.roleDigest,
    attempt: set.attempt ?? row.attempt,
    tries: set.tries ?? row.tries,
    everStarted: row.everStarted || set.everStarted === true,
    dispatch: row.dispatch + (set.bumpDispatch === true ? 1 : 0),
    fence: row.fence + (set.bumpFence === true ? 1 : 0),
    applied: set.applied ?? row.applied,
    driveAtMs: !drives ? row.driveAtMs : inMs === null ? null : store.nowMs + inMs,
    version: row.version + 1,
    updatedAtMs: store.nowMs,
  };
  writeRow(store, row, after, event?.kind ?? 'changed');
  if (event?.kind === 'withdrawn') putDown(store, after);
  return after;
}

export function writeRow(store: Store, before: Row | null, after: Row, kind: string): void {
  store.rows.set(after.id, after);
  store.changed.push({ before, after, kind });
  store.events.push({
    kind: `node-role.${kind}`,
    rowId: after.id,
    version: after.version,
    state: stateJson(after.state),
  });
}

/** States are plain data. */
export const stateJson = (state: NodeRoleState): Json => ({ ...state }) as Json;

/** What is withdrawn keeps neither a lock nor an open attempt. */
function putDown(store: Store, row: Row): void {
  freeLocks(store, row.id);
  const attempt = store.attempts.get(`${row.id}-${row.attempt}`);
  if (attempt !== undefined && (attempt.state === 'running' || attempt.state === 'waiting'))
    store.attempts.set(attempt.id, { ...attempt, state: 'aborted' });
}

export function freeLocks(store: Store, rowId: string): void {
  for (const [key, holder] of store.locks) if (holder === rowId) store.locks.delete(key);
}

export function dropRows(store: Store, rowIds: readonly string[]): void {
  for (const rowId of rowIds) {
    changeRow(store, { rowId, event: { kind: 'dropped' }, set: { runId: null, pending: null } });
    freeLocks(store, rowId);
  }
}
