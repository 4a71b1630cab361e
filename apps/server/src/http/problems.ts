import { problemBody, type ProblemBody, type ProblemCode, problemCodes, problemItemSchema } from '@formwork/api';
import { FormworkError, type Problem } from '@formwork/core';
import { z } from 'zod';

/** Codes of inner errors that have a code of their own outside; every other goes by its kind. */
const byCode: Readonly<Record<string, ProblemCode>> = {
  'plan-outdated': 'plan-stale',
  'plan-not-open': 'plan-stale',
  'proposed-meanwhile': 'plan-stale',
  destroying: 'being-destroyed',
  'no-power': 'unsupported',
  'no-console': 'unsupported',
};

const byKind: Readonly<Record<FormworkError['kind'], ProblemCode>> = {
  invalid: 'invalid-request',
  conflict: 'conflict',
  'not-found': 'not-found',
  denied: 'forbidden',
  retryable: 'unavailable',
  terminal: 'conflict',
  internal: 'internal',
};

/** What Fastify itself throws, by its code. */
const byFastifyCode: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid-request',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid-request',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid-request',
  FST_ERR_BAD_URL: 'invalid-request',
  FST_ERR_ASYNC_CONSTRAINT: 'invalid-request',
};

const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(problemCodes, code);

const withCode = z.object({ code: z.string() });
const withStatus = z.object({ statusCode: z.int().min(400).max(499) });
const withProblems = z.object({
  problems: z.array(z.object({ path: z.string(), message: z.string() }).loose()),
});

/** An error as the body that goes out, and whether it is our fault and belongs into the log. */
export function toProblem(error: unknown, instance: string): { readonly body: ProblemBody; readonly ours: boolean } {
  const said = (code: ProblemCode, detail: string, problems: readonly Problem[] = []) => ({
    body: problemBody(code, detail, instance, problems),
    ours: false,
  });
  if (error instanceof FormworkError) {
    const code = byCode[error.code] ?? (isProblemCode(error.code) ? error.code : byKind[error.kind]);
    if (code !== 'internal') return said(code, error.message, problemsIn(error));
  } else if (error instanceof RangeError && error.message.includes('call stack')) {
    return said('invalid-request', 'the request is nested too deeply');
  } else if (error instanceof Error) {
    const fastify = withCode.safeParse(error);
    const code = fastify.success ? byFastifyCode[fastify.data.code] : undefined;
    if (code !== undefined) return said(code, error.message);
    // Class 22: a text that the database cannot hold, such as one with half a surrogate pair.
    if (fastify.success && /^22[0-9A-Z]{3}$/.test(fastify.data.code)) {
      return said('invalid-request', 'the request holds characters that cannot be stored');
    }
    const status = withStatus.safeParse(error);
    if (status.success) return said(status.data.statusCode === 429 ? 'rate-limited' : 'invalid-request', error.message);
  }
  return {
    body: problemBody('internal', 'the server failed; its log says more', instance),
    ours: true,
  };
}

function problemsIn(error: FormworkError): readonly Problem[] {
  const { problems } = error.details;
  const whole = z.array(problemItemSchema).safeParse(problems);
  if (whole.success) return whole.data;
  const short = withProblems.safeParse({ problems });
  return short.success ? short.data.problems.map(({ path, message }) => ({ code: 'invalid', path, message })) : [];
}

/** 422 with every problem of a specification. */
export const invalidSpecification = (problems: readonly Problem[]): FormworkError =>
  new FormworkError('invalid', 'invalid-specification', counted(problems, 'the specification'), {
    details: { problems },
  });

/** 422 with every problem of another document: a pack, a site's configuration. */
export const invalidContent = (what: string, problems: readonly Problem[]): FormworkError =>
  new FormworkError('invalid', 'invalid-content', counted(problems, what), { details: { problems } });

const counted = (problems: readonly Problem[], what: string): string =>
  `${what} has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}; nothing was changed`;

export const notFound = (what: string): FormworkError =>
  new FormworkError('not-found', 'not-found', `there is no ${what}`);
