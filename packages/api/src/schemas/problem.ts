import { z } from 'zod';
import { listOf } from './scalars.ts';

/** One thing wrong with what was sent; core's `Problem` on the wire. */
export const problemItemSchema = z
  .object({
    code: z.string(),
    path: z.string(),
    message: z.string(),
    remedy: z.exactOptional(z.string()),
    file: z.exactOptional(z.string()),
    line: z.exactOptional(z.int()),
    column: z.exactOptional(z.int()),
  })
  .meta({ id: 'ProblemItem' });

/** RFC 9457 problem details, `application/problem+json`. `code` is stable; programs branch on it. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    instance: z.string(),
    problems: listOf(problemItemSchema),
  })
  .meta({ id: 'Problem' });
export type ProblemBody = z.output<typeof problemSchema>;

export const problemMediaType = 'application/problem+json';

/** The stable codes with their status and title; a specification's own codes are in `problems`. */
export const problemCodes = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  unauthenticated: { status: 401, title: 'A valid token is needed' },
  forbidden: { status: 403, title: 'The token does not allow this' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'method-not-allowed': { status: 405, title: 'This path does not take the method' },
  'not-acceptable': { status: 406, title: 'The asked-for form is not available' },
  conflict: { status: 409, title: 'The state of the resource does not allow this' },
  'already-exists': { status: 409, title: 'The name is taken' },
  'in-use': { status: 409, title: 'Something else still needs it' },
  'plan-stale': { status: 409, title: 'The plan no longer fits; plan anew' },
  'no-live-run': { status: 409, title: 'No run is live' },
  'being-destroyed': { status: 409, title: 'The deployment is being destroyed' },
  'idempotency-in-flight': { status: 409, title: 'The first request with this key is still being answered' },
  'precondition-failed': { status: 412, title: 'The resource has changed since it was read' },
  'payload-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The media type is not supported' },
  'invalid-specification': { status: 422, title: 'The specification has problems' },
  'invalid-content': { status: 422, title: 'The document has problems' },
  'idempotency-mismatch': { status: 422, title: 'The key was used with another body' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'The server failed' },
  unsupported: { status: 501, title: 'This provider cannot do that' },
  unavailable: { status: 503, title: 'The service is not ready' },
} as const;
export type ProblemCode = keyof typeof problemCodes;

/** A problem body by its code. `detail` says what happened and what to do; never a secret. */
export const problemBody = (
  code: ProblemCode,
  detail: string,
  instance: string,
  problems: ProblemBody['problems'] = [],
): ProblemBody => ({
  type: `urn:formwork:problem:${code}`,
  title: problemCodes[code].title,
  status: problemCodes[code].status,
  code,
  detail,
  instance,
  problems,
});
