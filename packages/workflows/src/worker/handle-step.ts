import { FormworkError } from '@formwork/core';
import { claimNodeRole, type Database, finishNodeRole, type Log, type Outcome } from '@formwork/db';
import { execute, type ExecuteDeps } from './execute.ts';
import type { LeaseKeeper } from './leases.ts';
import { failedOutcome } from './outcome.ts';
import { type StepContext, type StepContexts, storedInputs } from './step-context.ts';

export interface StepDeps extends ExecuteDeps {
  readonly db: Database;
  readonly log: Log;
  readonly worker: string;
  readonly contexts: StepContexts;
  readonly leases: LeaseKeeper;
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
    const claimed = await deps.db.transaction((tx) =>
      claimNodeRole(tx, {
        nodeRoleId: job.nodeRoleId,
        dispatch: job.dispatch,
        worker: deps.worker,
        attemptId: deps.newId(),
        action: context.action,
        phase: context.phase === 'refresh' ? 'apply' : context.phase,
        version: context.row.version,
        prepared: { inputs: context.inputs, untracked: context.untracked, inputHash: context.inputHash },
        runsOnNodeId: context.node === null || context.phase === 'evict' ? (context.target?.id ?? null) : null,
      }),
    );
    if (!claimed.ok) {
      if (claimed.why === 'moved') continue;
      return;
    }
    const { attempt, fence, row } = claimed;
    const stored = storedInputs(attempt.inputs);
    const own: StepContext = {
      ...context,
      row,
      // A claim that goes on, goes on with what the attempt was started with.
      ...(claimed.isNew || stored === null
        ? {}
        : { ...stored, inputHash: attempt.inputHash ?? context.inputHash, problem: null }),
    };
    await underLease(deps, own, attempt, fence);
    return;
  }
}

async function underLease(
  deps: StepDeps,
  context: StepContext,
  attempt: Parameters<typeof execute>[2],
  fence: number,
): Promise<void> {
  const lease = deps.leases.hold(context.row.id, fence);
  const fields = { nodeRoleId: context.row.id, key: context.row.key, attempt: attempt.number };
  try {
    const outcome = await execute(deps, context, attempt, fence, lease);
    if (outcome === null || lease.gone.aborted) return;
    await record(deps, context, attempt.id, fence, outcome);
  } catch (error) {
    if (lease.gone.aborted) return;
    if (lease.abort.aborted) {
      await record(deps, context, attempt.id, fence, { kind: 'withdrawn' });
      return;
    }
    deps.log.error(
      { ...fields, error: error instanceof Error ? (error.stack ?? error.message) : String(error) },
      'a step broke off',
    );
    await record(deps, context, attempt.id, fence, brokenOff(deps, context, error));
  } finally {
    lease.release();
  }
}

/** What our own code threw is no outcome of the step; it is shown, and retried where that may help. */
function brokenOff(deps: StepDeps, context: StepContext, error: unknown): Outcome {
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
): Promise<void> {
  for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
    try {
      const taken = await deps.db.transaction((tx) =>
        finishNodeRole(tx, {
          nodeRoleId: context.row.id,
          attemptId,
          fence,
          worker: deps.worker,
          nowMs: deps.clock().nowMs,
          outcome,
        }),
      );
      if (!taken) deps.log.warn({ nodeRoleId: context.row.id, fence }, 'a result came too late and changed nothing');
      return;
    } catch (error) {
      deps.log.warn({ nodeRoleId: context.row.id, error: String(error) }, 'a result could not be stored; trying again');
      if (pauseMs >= 5_000) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
