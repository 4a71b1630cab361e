import { FormworkError, jsonPath } from '@formwork/core';
import type { FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';

/** What the request's validation found, as our own error; every other error as it was. */
export function requestError(error: unknown, request: FastifyRequest): unknown {
  if (!hasZodFastifySchemaValidationErrors(error)) return error;
  const where = error.validationContext ?? 'body';
  // A name that could not be anybody's is nobody's.
  if (where === 'params' && request.method !== 'PUT' && request.method !== 'POST') {
    return new FormworkError('not-found', 'not-found', 'there is nothing of that name; names are lower-case');
  }
  const problems = error.validation.map((issue) => ({
    code: issue.keyword === 'unrecognized_keys' ? 'unknown-key' : 'invalid',
    path: jsonPath([...(where === 'body' ? [] : [where]), ...segmentsOf(issue.instancePath)]),
    message: issue.message ?? 'not valid',
  }));
  const first = problems[0];
  const message = first === undefined ? 'the request is not valid' : `${first.path}: ${first.message}`;
  return new FormworkError('invalid', 'invalid-request', message, { details: { problems } });
}

const segmentsOf = (pointer: string): readonly (string | number)[] =>
  pointer
    .split('/')
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
