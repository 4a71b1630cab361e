/** Mirrors packages/db/src/engine/claim.ts, finish.ts and reconcile.ts. */
import type { JsonObject } from '../json.ts';
import type { Applied, ResolvedInputs, StepError } from '../node-role.ts';
import { holds, workOf } from '../transition.ts';
import { changeRow, dropRows, freeLocks } from './change-rows.ts';
import type { Rules } from './rules.ts';
import { attemptOf, type Attempt, emit, type NodeRecord, type Resume, type Row, type Store } from './store.ts';

const leaseMs = 15_000;
export const queuedDriveMs = 15_000;

export interface ClaimRequest {
  readonly rowId: string;
  readonly dispatch: number;
  readonly worker: string;
  readonly version: number;
  readonly resume: Resume;
  readonly inputs: ResolvedInputs;
  readonly untracked: JsonObject;
  readonly inputHash: string;
}

export type Claimed =
  | {
      readonly ok: true;
      readonly row: Row;
      readonly fence: number;
      readonly attempt: Attempt;
      readonly isNew: boolean;
      readonly abort: boolean;
    }
  | { readonly ok: false; readonly why: 'stale' | 'moved' | 'taken' };

export function claimRow(store: Store, rules: Rules, request: ClaimRequest): Claimed {
  const row = store.rows.get(request.rowId);
  const stale = { ok: false, why: 'stale' } as const;
  if (row === undefined || row.runId === null) return stale;
  if (rules.claimNeedsDispatch && row.dispatch !== request.dispatch) return stale;
  const work = workOf(row.state);
  const claim = store.claims.get(row.id);
  const queued = work?.phase === 'ready' && work.queued;
  const goesOn = work?.phase === 'waiting' || work?.phase === 'running';
  if (!queued && !goesOn) return stale;
  if (rules.claimNeedsLease && goesOn && claim !== undefined && claim.leaseUntilMs > store.nowMs)
    return { ok: false, why: 'taken' };
  if (queued && row.version !== request.version) return { ok: false, why: 'moved' };
  const number = queued ? row.attempt + 1 : row.attempt;
  const applied: Applied | null =
    queued && row.applied !== null ? { ...row.applied, clean: row.applied.clean && !rules.claimSoils } : null;
  const after = changeRow(store, {
    rowId: row.id,
    event: { kind: 'claimed', attempt: number },
    set: {
      attempt: number,
      ...(rules.claimRaisesFence || row.fence === 0 ? { bumpFence: true as const } : {}),
      driveInMs: null,
      ...(queued ? { tries: row.tries + 1, everStarted: true as const } : {}),
      ...(applied === null ? {} : { applied }),
    },
  });
  if (after === null) return stale;
  const known = attemptOf(store, after);
  if (!queued && known === null) return stale;
  const attempt: Attempt =
    known !== null && !queued
      ? { ...known, state: 'running' }
      : {
          id: `${row.id}-${number}`,
          rowId: row.id,
          number,
          state: 'running',
          inputs: request.inputs,
          untracked: request.untracked,
          inputHash: request.inputHash,
          resume: request.resume,
          startedAtMs: store.nowMs,
        };
  store.attempts.set(attempt.id, attempt);
  const abort = !queued && claim?.abort === true;
  const leaseUntilMs = store.nowMs + leaseMs;
  store.claims.set(row.id, { attemptId: attempt.id, worker: request.worker, fence: after.fence, leaseUntilMs, abort });
  return { ok: true, row: after, fence: after.fence, attempt, isNew: queued, abort };
}

export interface NodePatch {
  readonly state?: NodeRecord['state'];
  readonly lost?: boolean;
  readonly facts?: NodeRecord['facts'];
}

export type Outcome =
  | { readonly kind: 'done'; readonly applied: Applied | null; readonly node?: NodePatch }
  | { readonly kind: 'failed'; readonly error: StepError; readonly retryAtMs: number | null; readonly node?: NodePatch }
  | {
      readonly kind: 'pended';
      readonly untilMs: number;
      readonly why: string;
      readonly resume: Resume;
      readonly node?: NodePatch;
    }
  | { readonly kind: 'withdrawn' };

export interface Finish {
  readonly rowId: string;
  readonly attemptId: string;
  readonly fence: number;
  readonly outcome: Outcome;
}

export function finishRow(store: Store, rules: Rules, finish: Finish): boolean {
  const claim = store.claims.get(finish.rowId);
  if (rules.resultNeedsFence && claim?.fence !== finish.fence) return false;
  const goesOn =
    finish.outcome.kind === 'pended' || (finish.outcome.kind === 'failed' && finish.outcome.retryAtMs !== null);
  const outcome: Outcome = claim?.abort === true && goesOn ? { kind: 'withdrawn' } : finish.outcome;
  const after = record(store, rules, finish, outcome);
  if (after === null) return false;
  store.claims.delete(finish.rowId);
  const attempt = store.attempts.get(finish.attemptId);
  if (attempt !== undefined) {
    const state = outcome.kind === 'pended' ? 'waiting' : outcome.kind === 'withdrawn' ? 'aborted' : outcome.kind;
    store.attempts.set(attempt.id, {
      ...attempt,
      state,
      ...(outcome.kind === 'pended' ? { resume: outcome.resume } : {}),
    });
  }
  const carried = rules.carriedFreesLock && after.pending?.carriedAttempt === after.attempt;
  const keepsLock = outcome.kind === 'pended' || (outcome.kind === 'failed' && outcome.retryAtMs !== null && !carried);
  if (!keepsLock) freeLocks(store, finish.rowId);
  if ('node' in outcome && after.nodeId !== null) patchNode(store, after.nodeId, outcome.node);
  return true;
}

function record(store: Store, rules: Rules, finish: Finish, outcome: Outcome): Row | null {
  const { rowId } = finish;
  const guarded = rules.resultNeedsFence ? { guard: { fence: finish.fence } } : {};
  switch (outcome.kind) {
    case 'done': {
      const set = outcome.applied === null ? {} : { applied: outcome.applied };
      return changeRow(store, { rowId, event: { kind: 'done' }, ...guarded, set });
    }
    case 'failed': {
      const { error, retryAtMs } = outcome;
      return changeRow(store, { rowId, event: { kind: 'failed', error, retryAtMs }, ...guarded });
    }
    case 'pended': {
      const { untilMs, why } = outcome;
      const own = rules.waitHasOwnDispatch ? { bumpDispatch: true as const } : {};
      const set = { driveInMs: Math.max(0, untilMs - store.nowMs), ...own };
      return changeRow(store, { rowId, event: { kind: 'pended', untilMs, why }, ...guarded, set });
    }
    case 'withdrawn':
      return changeRow(store, { rowId, event: { kind: 'withdrawn' }, ...guarded });
  }
}

/** A machine that is gone takes the rest of its node-roles with it, but what is `once`. */
export function patchNode(store: Store, nodeId: string, patch: NodePatch): void {
  const before = store.nodes.get(nodeId);
  if (before === undefined) return;
  const moved = (patch.state !== undefined && patch.state !== before.state) || patch.lost !== undefined;
  store.nodes.set(nodeId, { ...before, ...patch, version: before.version + (moved ? 1 : 0) });
  if (patch.state !== undefined && patch.state !== before.state) emit(store, `node.${patch.state}`);
  if (patch.state !== 'destroyed') return;
  const { deployment } = store;
  const goes = [...store.rows.values()].filter(
    (row) =>
      row.nodeId === nodeId &&
      row.state.state !== 'removed' &&
      !holds(row.state) &&
      !(Object.hasOwn(deployment.once, row.as) && row.applied !== null && deployment.state !== 'destroying'),
  );
  dropRows(
    store,
    goes.map((row) => row.id),
  );
}

/** Renews what the worker still holds; answers what it lost, and what it should stop. */
export function beat(
  store: Store,
  worker: string,
  held: readonly { readonly rowId: string; readonly fence: number }[],
): { readonly lost: ReadonlySet<string>; readonly abort: ReadonlySet<string> } {
  const lost = new Set<string>();
  const abort = new Set<string>();
  for (const { rowId, fence } of held) {
    const claim = store.claims.get(rowId);
    if (claim?.fence !== fence || claim.worker !== worker) lost.add(rowId);
    else {
      store.claims.set(rowId, { ...claim, leaseUntilMs: store.nowMs + leaseMs });
      if (claim.abort) abort.add(rowId);
    }
  }
  return { lost, abort };
}

/** What holds and should have been heard of by now goes on the queue again. */
export function redrive(store: Store, rules: Rules): void {
  if (!rules.redrives) return;
  for (const row of store.rows.values()) {
    if (!holds(row.state) || row.runId === null) continue;
    const claim = store.claims.get(row.id);
    const due =
      row.driveAtMs === null ? claim === undefined || claim.leaseUntilMs <= store.nowMs : row.driveAtMs <= store.nowMs;
    if (!due) continue;
    // Without an event or a new version, as the statement does it.
    store.rows.set(row.id, { ...row, dispatch: row.dispatch + 1, driveAtMs: store.nowMs + queuedDriveMs });
    store.outbox.push({ rowId: row.id, dispatch: row.dispatch + 1 });
  }
}
