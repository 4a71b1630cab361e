import { type Applied, assertNever, type StepError } from '@formwork/core';
import type { Transaction } from '../transaction.ts';
import type { Resume } from './attempts.ts';
import { changeLockedNodeRoles, lockNodeRoles, type NodeRoleChange } from './change-node-roles.ts';
import type { NodeRoleRow } from './node-role-row.ts';
import { type NodePatch, patchNodes } from './patch-nodes.ts';

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
 * Records how executions ended, each table written once. An old fence changes nothing and answers false: whoever claimed
 * later is right. Answers in the order given.
 */
export async function finishNodeRoles(tx: Transaction, finishes: readonly Finish[]): Promise<readonly boolean[]> {
  const ids = finishes.map((finish) => finish.nodeRoleId);
  const [rows, claims] = await Promise.all([
    lockNodeRoles(tx, ids),
    // After the rows: a claim waits for these, so what we see of it is the last.
    tx.query<{ node_role_id: string; fence: number; abort: boolean }>(
      'SELECT node_role_id, fence, abort FROM claims WHERE node_role_id = ANY($1::uuid[]) ORDER BY node_role_id FOR UPDATE',
      [ids],
    ),
  ]);
  const claimOf = new Map(claims.map((claim) => [claim.node_role_id, claim]));
  const current = new Map<string, Finish>();
  for (const finish of finishes) {
    const claim = claimOf.get(finish.nodeRoleId);
    if (claim?.fence === finish.fence) current.set(finish.nodeRoleId, claim.abort ? stopped(finish) : finish);
  }
  const ending = [...current.values()];
  const results = changeLockedNodeRoles(tx, ending.map(changeOf), rows);
  const taken = ending.flatMap((finish, index) => {
    const result = results[index];
    return result?.ok === true ? [{ ...finish, row: result.row }] : [];
  });
  closeAttempts(tx, taken);
  await patchNodes(
    tx,
    taken.flatMap(({ outcome, row, worker }) => {
      const patch = 'node' in outcome ? outcome.node : undefined;
      return row.nodeId === null || patch === undefined
        ? []
        : [{ nodeId: row.nodeId, patch, row, actor: `worker:${worker}` }];
    }),
  );
  const done = new Set(taken.map((finish) => finish.nodeRoleId));
  return finishes.map(
    (finish) => done.has(finish.nodeRoleId) && current.get(finish.nodeRoleId)?.fence === finish.fence,
  );
}

/** Somebody asked for it to stop: it neither waits on nor will be tried again, it rests. */
function stopped(finish: Finish): Finish {
  const { outcome } = finish;
  const goesOn = outcome.kind === 'pended' || (outcome.kind === 'failed' && outcome.retryAtMs !== null);
  return goesOn ? { ...finish, outcome: { kind: 'withdrawn' } } : finish;
}

function changeOf(finish: Finish): NodeRoleChange {
  const { outcome } = finish;
  const change = {
    nodeRoleId: finish.nodeRoleId,
    guard: { fence: finish.fence },
    actor: `worker:${finish.worker}`,
    data: { attemptId: finish.attemptId },
  };
  switch (outcome.kind) {
    case 'done':
      return { ...change, event: { kind: 'done' }, set: outcome.applied === null ? {} : { applied: outcome.applied } };
    case 'failed':
      return { ...change, event: { kind: 'failed', error: outcome.error, retryAtMs: outcome.retryAtMs } };
    case 'pended':
      return {
        ...change,
        event: { kind: 'pended', untilMs: outcome.untilMs, why: outcome.why },
        // A job that comes twice must not cut the wait short: only the one that ends it knows this dispatch.
        set: { bumpDispatch: true, driveInMs: Math.max(0, outcome.untilMs - finish.nowMs) },
      };
    case 'withdrawn':
      return { ...change, event: { kind: 'withdrawn' } };
    default:
      return assertNever(outcome);
  }
}

/** An execution whose end was recorded, with its row from then on. */
type Taken = Finish & { readonly row: NodeRoleRow };

/** What waits on or is tried again; but what is carried over from a former plan is judged anew, and may have to wait for what needs the same lock. */
const keepsLock = (outcome: Outcome, row: NodeRoleRow): boolean =>
  outcome.kind === 'pended' ||
  (outcome.kind === 'failed' && outcome.retryAtMs !== null && row.pending?.carriedAttempt !== row.attempt);

const attemptStates = { done: 'done', failed: 'failed', pended: 'waiting', withdrawn: 'aborted' } as const;

/** Attempts end or wait, claims go, and so do the locks of what neither waits on nor will be tried again. */
function closeAttempts(tx: Transaction, finishes: readonly Taken[]): void {
  if (finishes.length === 0) return;
  tx.write(
    `WITH f AS (
       SELECT * FROM jsonb_to_recordset($1::jsonb) AS f(node_role_id uuid, attempt_id uuid, state text, error jsonb,
         resume jsonb, keeps_lock boolean)
     ), unclaimed AS (
       DELETE FROM claims c USING f WHERE c.node_role_id = f.node_role_id
     ), unlocked AS (
       DELETE FROM lock_holds l USING f WHERE l.node_role_id = f.node_role_id AND NOT f.keeps_lock
     )
     UPDATE attempts a SET state = f.state, error = COALESCE(f.error, a.error), resume = COALESCE(f.resume, a.resume),
       ended_at = CASE WHEN f.state = 'waiting' THEN a.ended_at ELSE clock_timestamp() END
     FROM f WHERE a.id = f.attempt_id`,
    [
      JSON.stringify(
        finishes.map(({ nodeRoleId, attemptId, outcome, row }) => ({
          node_role_id: nodeRoleId,
          attempt_id: attemptId,
          state: attemptStates[outcome.kind],
          error: outcome.kind === 'failed' ? outcome.error : null,
          resume: outcome.kind === 'pended' ? outcome.resume : null,
          keeps_lock: keepsLock(outcome, row),
        })),
      ),
    ],
  );
}
