import { type Applied, type JsonObject, retryAtMs, type StepError } from '@formwork/core';
import type { NodePatch, Outcome, Resume, StoredAttempt } from '@formwork/db';
import type { ScriptResult } from '../runner/script-launch.ts';
import type { StepContext } from './step-context.ts';

/** What outcomes depend on besides the result. */
export interface OutcomeClock {
  readonly nowMs: number;
  /** 0 <= random < 1, for the jitter of pauses. */
  readonly random: number;
}

/** How long after a declared reboot we first look again, milliseconds. */
const rebootLookMs = 2_000;

/** Null: somebody else is responsible for it now, nothing is to be written. */
export function outcomeOfScript(
  context: StepContext,
  attempt: StoredAttempt,
  result: ScriptResult,
  outputs: JsonObject,
  clock: OutcomeClock,
): Outcome | null {
  switch (result.kind) {
    case 'done':
      return doneOutcome(context, outputs, clock);
    case 'not-yet':
      return pendedOutcome(
        context,
        attempt,
        {
          why: result.why,
          inMs: result.retryAfterMs,
          resume: { phase: attempt.resume.phase, fromBootId: attempt.resume.fromBootId },
        },
        clock,
      );
    case 'reboot':
      return pendedOutcome(
        context,
        attempt,
        { why: 'the node restarts', inMs: rebootLookMs, resume: { phase: 'verify', fromBootId: result.bootId } },
        clock,
      );
    case 'transient':
      return failedOutcome(context, { kind: 'transient', code: 'transient', message: result.message }, clock);
    case 'failed':
      return failedOutcome(
        context,
        { kind: 'failed', code: `${result.step}-exit-${result.exitCode}`, message: result.message },
        clock,
      );
    case 'timeout':
      return failedOutcome(context, { kind: 'timeout', code: 'timeout', message: result.message }, clock);
    case 'lost':
      return failedOutcome(context, lostError(context, result.message), clock);
    case 'unreachable':
      return failedOutcome(context, { kind: 'unreachable', code: 'unreachable', message: result.message }, clock);
    case 'host-key-changed':
      return failedOutcome(context, { kind: 'failed', code: 'host-key-changed', message: result.message }, clock);
    case 'fenced':
      return null;
    case 'aborted':
      return { kind: 'withdrawn' };
  }
}

/** Lost work may be tried again where the role can tell what is there (`check`), or says so itself. */
const lostError = (context: StepContext, message: string): StepError => ({
  kind: context.bundle.role.steps.check === undefined ? 'lost' : 'transient',
  code: 'lost',
  message,
});

export function doneOutcome(context: StepContext, outputs: JsonObject, clock: OutcomeClock, node?: NodePatch): Outcome {
  const applied: Applied = {
    inputHash: context.inputHash,
    inputs: context.inputs,
    roleDigest: context.bundle.role.digest,
    outputs,
    at: new Date(clock.nowMs).toISOString(),
    clean: true,
  };
  return {
    kind: 'done',
    applied: context.phase === 'remove' || context.phase === 'evict' ? null : applied,
    ...(node === undefined ? {} : { node }),
  };
}

export function failedOutcome(context: StepContext, error: StepError, clock: OutcomeClock, node?: NodePatch): Outcome {
  return {
    kind: 'failed',
    error,
    // The row was read before the claim counted this try.
    retryAtMs: retryAtMs(context.bundle.role.retry, error, context.row.tries, clock.nowMs, clock.random),
    ...(node === undefined ? {} : { node }),
  };
}

/** Goes on later, within the role's timeout over the whole attempt. */
export function pendedOutcome(
  context: StepContext,
  attempt: StoredAttempt,
  pause: { readonly why: string; readonly inMs: number; readonly resume: Pick<Resume, 'phase' | 'fromBootId'> },
  clock: OutcomeClock,
  node?: NodePatch,
): Outcome {
  const { timeoutMs } = context.bundle.role;
  if (clock.nowMs - attempt.startedAtMs > timeoutMs) {
    const message = `not done within ${Math.round(timeoutMs / 1000)} s; last: ${pause.why}`;
    return failedOutcome(context, { kind: 'timeout', code: 'timeout', message }, clock, node);
  }
  return {
    kind: 'pended',
    untilMs: clock.nowMs + pause.inMs,
    why: pause.why,
    resume: { ...attempt.resume, ...pause.resume },
    ...(node === undefined ? {} : { node }),
  };
}
