import { type FailureKind, FormworkError } from '@formwork/core';
import { type ProblemBody, problemSchema } from '../schemas/problem.ts';

/** Whose turn it is after an answer with this status. */
export function kindOfStatus(status: number): FailureKind {
  if (status === 401 || status === 403) return 'denied';
  if (status === 404) return 'not-found';
  if (status === 409 || status === 412) return 'conflict';
  if (status === 429 || status === 502 || status === 503 || status === 504) return 'retryable';
  return status >= 500 ? 'internal' : 'invalid';
}

/** The error for an answer that is not a success. Its `details` hold `status` and `problems`. */
export function failureOf(status: number, text: string): FormworkError {
  const parsed = problemSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    const message = `the server answered ${String(status)} without saying why`;
    return new FormworkError(kindOfStatus(status), 'http-status', message, { details: { status, problems: [] } });
  }
  const { code, detail, title, problems } = parsed.data;
  return new FormworkError(kindOfStatus(status), code, detail === '' ? title : detail, {
    details: { status, problems },
  });
}

/** The problems that came with a failed call; empty for any other error. */
export function problemsOf(error: unknown): ProblemBody['problems'] {
  if (!(error instanceof FormworkError)) return [];
  const parsed = problemSchema.shape.problems.safeParse(error.details['problems']);
  return parsed.success ? parsed.data : [];
}

export function unreachable(baseUrl: string, cause: unknown): FormworkError {
  return new FormworkError('retryable', 'server-unreachable', `no answer from ${baseUrl}; is the server running?`, {
    cause,
  });
}

/** The value of a JSON text, or undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}
