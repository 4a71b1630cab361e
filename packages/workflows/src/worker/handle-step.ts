import { setTimeout as delay } from 'node:timers/promises';
import { FormworkError } from '@formwork/core';
import {
  type Claimed,
  type ClaimRequest,
  type Database,
  type Finish,
  type Log,
  type Outcome,
  readNode,
  type StoredAttempt,
} from '@formwork/db';
import { execute, type ExecuteDeps, forgetSecretOutputs } from './execute.ts';
import type { Lease, LeaseKeeper } from './leases.ts';
import { failedOutcome } from './outcome.ts';
import { type StepContext, type StepContexts, storedInputs } from './step-context.ts';

export interface StepDeps extends ExecuteDeps {
  readonly db: Database;
  readonly log: Log;
  readonly contexts: StepContexts;
  readonly leases: LeaseKeeper;
  /** Takes a node-role, and records how its execution ended (false: too late), in batches with those of other steps. */
  readonly claim: (request: ClaimRequest) => Promise<Claimed>;
  readonly finish: (finish: Finish) => Promise<boolean>;
  readonly newId: () => string;
}

/** How often the row may move between reading and claiming before the job is left to the backstop. */
const claimTries = 5;

/**
 * One job of a node-role: read what it needs, claim it, run it, record how it ended. Whatever goes wrong on our side
 * leaves the claim to run out, and another worker attaches.
 */
export async function handleStep(
  deps: StepDeps,
  job: { readonly nodeRoleId: string; readonly dispatch: number },
): Promise<void> {
  for (let tries = 0; tries < claimTries; tries += 1) {
    const context = await deps.contexts.read(job.nodeRoleId);
    if (context === null || context.row.dispatch !== job.dispatch) return;
    const claimed = await deps.claim({
      nodeRoleId: job.nodeRoleId,
      dispatch: job.dispatch,
      worker: deps.worker,
      attemptId: deps.newId(),
      action: context.action,
      phase: context.phase === 'refresh' ? 'apply' : context.phase,
      version: context.row.version,
      prepared: { inputs: context.inputs, untracked: context.untracked, inputHash: context.inputHash },
      runsOnNodeId: context.node === null || context.phase === 'evict' ? (context.target?.id ?? null) : null,
    });
    if (!claimed.ok) {
      if (claimed.why === 'moved') continue;
      return;
    }
    const { attempt, row } = claimed;
    await underLease(
      deps,
      attempt.isNew ? { ...context, row } : await asStarted(deps, { ...context, row }, attempt),
      claimed,
    );
    return;
  }
}

/** A claim that goes on, goes on with what the attempt was started with, and where. */
async function asStarted(deps: StepDeps, context: StepContext, attempt: StoredAttempt): Promise<StepContext> {
  const stored = storedInputs(attempt.inputs);
  const { nodeId } = attempt.resume;
  const elsewhere = nodeId !== null && nodeId !== context.target?.id;
  return {
    ...context,
    target: elsewhere ? await readNode(deps.db, nodeId) : context.target,
    ...(stored === null ? {} : { ...stored, inputHash: attempt.inputHash ?? context.inputHash, problem: null }),
  };
}

async function underLease(
  deps: StepDeps,
  context: StepContext,
  { attempt, fence, abort }: { readonly attempt: StoredAttempt; readonly fence: number; readonly abort: boolean },
): Promise<void> {
  const lease = deps.leases.hold(context.row.id, fence, abort);
  try {
    const outcome = await outcomeOf(deps, context, attempt, fence, lease);
    if (outcome === null) return;
    await record(deps, context, attempt.id, fence, outcome, lease);
    if (outcome.kind === 'done') await forgetSecretOutputs(deps, context, attempt);
  } finally {
    lease.release();
  }
}

/** How the execution ended; null when it is nobody's of ours any more. */
async function outcomeOf(
  deps: StepDeps,
  context: StepContext,
  attempt: StoredAttempt,
  fence: number,
  lease: Lease,
): Promise<Outcome | null> {
  const isGone = (): boolean => lease.gone.aborted;
  let asked = attempt;
  for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 2_000)) {
    try {
      return await execute(deps, context, asked, fence, lease);
    } catch (error) {
      if (isGone()) return null;
      if (lease.abort.aborted) return { kind: 'withdrawn' };
      if (!isDatabaseAway(error)) return brokenOff(deps, context, attempt, error);
      deps.log.warn({ nodeRoleId: context.row.id, error: String(error) }, 'a step waits for the database');
    }
    asked = { ...attempt, isNew: false };
    // Not the step's failure: it may be under way on its node, and is attached to once the database is back.
    await delay(pauseMs, undefined, { signal: lease.gone }).catch(() => undefined);
    if (isGone()) return null;
  }
}

const isDatabaseAway = (error: unknown): boolean =>
  error instanceof FormworkError && error.code === 'database-unavailable';

/** What our own code threw is no outcome of the step; it is shown, and retried where that may help. */
function brokenOff(deps: StepDeps, context: StepContext, attempt: StoredAttempt, error: unknown): Outcome {
  deps.log.error(
    {
      nodeRoleId: context.row.id,
      key: context.row.key,
      attempt: attempt.number,
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    },
    'a step broke off',
  );
  const known = error instanceof FormworkError;
  const passing = known && error.kind === 'retryable';
  return failedOutcome(
    context,
    {
      kind: passing ? 'transient' : 'failed',
      code: known ? error.code : 'internal',
      message: known ? error.message : 'Formwork itself failed here; the worker log says more',
    },
    deps.clock(),
  );
}

/** The database may be away for a while: the outcome is kept until it takes it, or the lease is gone. */
async function record(
  deps: StepDeps,
  context: StepContext,
  attemptId: string,
  fence: number,
  outcome: Outcome,
  lease: Lease,
): Promise<void> {
  for (let pauseMs = 100; !lease.gone.aborted; pauseMs = Math.min(pauseMs * 2, 2_000)) {
    try {
      const taken = await deps.finish({
        nodeRoleId: context.row.id,
        attemptId,
        fence,
        worker: deps.worker,
        nowMs: deps.clock().nowMs,
        outcome,
      });
      if (!taken) deps.log.warn({ nodeRoleId: context.row.id, fence }, 'a result came too late and changed nothing');
      return;
    } catch (error) {
      deps.log.warn({ nodeRoleId: context.row.id, error: String(error) }, 'a result could not be stored; trying again');
      await delay(pauseMs, undefined, { signal: lease.gone }).catch(() => undefined);
    }
  }
}
