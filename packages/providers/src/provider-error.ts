import { FormworkError, type FailureKind } from '@formwork/core';
import { z } from 'zod';
import type { ProviderErrorKind, ProviderFailure } from './contract.ts';

const kinds = [
  'capacity',
  'quota',
  'throttled',
  'auth',
  'not-found',
  'conflict',
  'invalid',
  'unavailable',
  'bug',
] as const satisfies readonly ProviderErrorKind[];

const failureSchema = z.object({
  kind: z.enum(kinds),
  code: z.string(),
  message: z.string(),
  retryAfterMs: z.number().optional(),
});

const failureKinds: Readonly<Record<ProviderErrorKind, FailureKind>> = {
  capacity: 'retryable',
  quota: 'retryable',
  throttled: 'retryable',
  auth: 'denied',
  'not-found': 'not-found',
  conflict: 'conflict',
  invalid: 'invalid',
  unavailable: 'retryable',
  bug: 'internal',
};

/** Rule 8 for the calls that answer no StepResult: the failure travels in `details.failure`. */
export function providerError(failure: ProviderFailure, cause?: unknown): FormworkError {
  return new FormworkError(failureKinds[failure.kind], `provider-${failure.kind}`, failure.message, {
    cause,
    details: { failure },
  });
}

/**
 * What a provider threw, as one of the closed set. An aborted or timed-out call is `unavailable` (codes `aborted` and
 * `timeout`). Anything that is none of ours is a `bug`: its text is left out, since nobody vouches that it is no secret.
 */
export function failureOf(error: unknown): ProviderFailure {
  if (error instanceof FormworkError) {
    const failure = failureSchema.safeParse(error.details['failure']);
    if (!failure.success) return { kind: 'bug', code: error.code, message: error.message };
    const { retryAfterMs, ...rest } = failure.data;
    return retryAfterMs === undefined ? rest : { ...rest, retryAfterMs };
  }
  const name = error instanceof Error ? error.name : typeof error;
  if (name === 'AbortError') return { kind: 'unavailable', code: 'aborted', message: 'The call was aborted.' };
  if (name === 'TimeoutError') {
    return { kind: 'unavailable', code: 'timeout', message: 'The call took longer than its timeout.' };
  }
  return { kind: 'bug', code: name, message: `The provider threw ${name}; its log has the text.` };
}
