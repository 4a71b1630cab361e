/** Mirrors packages/workflows/src/worker/outcome.ts and outputs.ts. */
import type { Json, JsonObject } from '../json.ts';
import type { Applied, StepError } from '../node-role.ts';
import { outputScope } from '../plan/predict.ts';
import { retryAtMs } from '../retry.ts';
import { evaluate } from '../testing/evaluate.ts';
import type { NodePatch, Outcome } from './claim-and-finish.ts';
import type { Status } from './machine.ts';
import type { StepContext } from './step-context.ts';
import type { Attempt, Resume } from './store.ts';

export function outcomeOfStatus(context: StepContext, attempt: Attempt, status: Status, nowMs: number): Outcome | null {
  switch (status.kind) {
    case 'done':
      return doneOutcome(context, nowMs);
    case 'not-yet':
      return pended(context, attempt, { why: 'not yet', inMs: 1_000, resume: attempt.resume }, nowMs);
    case 'reboot':
      return pended(
        context,
        attempt,
        {
          why: 'the node restarts',
          inMs: 2_000,
          resume: { ...attempt.resume, phase: 'verify', fromBoot: status.boot },
        },
        nowMs,
      );
    case 'transient':
    case 'failed':
      return failed(context, { kind: status.kind, code: status.kind, message: '' }, nowMs);
    case 'lost':
      return failed(
        context,
        { kind: context.role.steps.check === undefined ? 'lost' : 'transient', code: 'lost', message: '' },
        nowMs,
      );
    case 'fenced':
      return null;
    case 'aborted':
      return { kind: 'withdrawn' };
  }
}

export function doneOutcome(context: StepContext, nowMs: number, node?: NodePatch): Outcome {
  const applied: Applied = {
    inputHash: context.inputHash,
    inputs: context.inputs,
    roleDigest: context.role.digest,
    outputs: outputsOf(context),
    at: new Date(nowMs).toISOString(),
    clean: true,
  };
  return { kind: 'done', applied: context.phase === 'apply' ? applied : null, ...(node === undefined ? {} : { node }) };
}

export const failed = (context: StepContext, error: StepError, nowMs: number, node?: NodePatch): Outcome => ({
  kind: 'failed',
  error,
  retryAtMs: retryAtMs(context.role.retry, error, context.row.tries, nowMs, 0),
  ...(node === undefined ? {} : { node }),
});

export function pended(
  context: StepContext,
  attempt: Attempt,
  pause: { readonly why: string; readonly inMs: number; readonly resume: Resume },
  nowMs: number,
  node?: NodePatch,
): Outcome {
  const more = node === undefined ? {} : { node };
  if (nowMs - attempt.startedAtMs > context.role.timeoutMs)
    return failed(context, { kind: 'timeout', code: 'timeout', message: pause.why }, nowMs, node);
  return { kind: 'pended', untilMs: nowMs + pause.inMs, why: pause.why, resume: pause.resume, ...more };
}

/** What a script of the model writes depends on its parameters, so that a change of one comes out different. */
function outputsOf({ role, bindings, row, inputs, untracked, phase }: StepContext): JsonObject {
  if (phase !== 'apply') return {};
  const binding = bindings?.byKey.get(row.key);
  const scope = outputScope('d', binding ?? { node: null }, { ...inputs, needs: { ...untracked, ...inputs.needs } });
  return Object.fromEntries(
    role.outputs.map(({ name, value }): [string, Json] => [
      name,
      value === undefined ? `${name} of ${row.key} by ${JSON.stringify(inputs.params)}` : evaluate(value, scope),
    ]),
  );
}
