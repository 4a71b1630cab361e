import type { z } from 'zod';
import type { RouteContract } from '../contract.ts';
import { problemMediaType, problemSchema } from '../schemas/problem.ts';
import type { Components } from './components.ts';

type Description = Record<string, unknown>;

const statusWords: Readonly<Record<number, string>> = {
  200: 'Done',
  201: 'Made',
  202: 'Under way',
  204: 'Done; no body',
  400: 'The request is not valid',
  401: 'A valid token is needed',
  403: 'The token does not allow this',
  404: 'There is no such thing',
  409: 'The state of the resource does not allow this',
  412: 'The resource has changed since it was read',
  413: 'The body is too large',
  422: 'The document has problems, every one listed',
  429: 'Too many requests',
};

const mediaTypes = {
  json: ['application/json'],
  'merge-patch': ['application/merge-patch+json', 'application/json'],
  document: ['application/yaml', 'application/json'],
  archive: ['application/gzip', 'application/x-tar'],
} as const;

/** Statuses of the problems that a route can answer with, besides 500 and 503. */
export function problemStatuses(contract: RouteContract): readonly number[] {
  const statuses = [429];
  if (contract.role !== 'public') statuses.push(401, 403);
  if (contract.params !== undefined) statuses.push(404);
  if (contract.query !== undefined || contract.body !== undefined) statuses.push(400);
  if (contract.body !== undefined) statuses.push(413, 422);
  if (contract.method !== 'GET') statuses.push(409);
  if (contract.ifMatch === true) statuses.push(412);
  return statuses.sort((a, b) => a - b);
}

/** One operation object of OpenAPI 3.1. */
export function describeOperation(id: string, contract: RouteContract, components: Components): Description {
  const needs = contract.role === 'public' ? '' : `Needs role **${contract.role}** (scope: ${contract.scope}).`;
  return {
    operationId: id,
    tags: [contract.tag],
    summary: contract.summary,
    description: [contract.description ?? '', needs].filter((text) => text !== '').join('\n\n'),
    ...(contract.role === 'public' ? { security: [] } : {}),
    'x-formwork-role': contract.role,
    'x-formwork-scope': contract.scope,
    parameters: [
      ...describeFields('path', contract.params, components),
      ...describeFields('query', contract.query, components),
      ...headers(contract),
    ],
    ...(contract.body === undefined ? {} : { requestBody: describeBody(contract, contract.body, components) }),
    responses: { ...answers(contract, components), ...problems(contract, components) },
  };
}

function describeFields(
  place: 'path' | 'query',
  fields: z.ZodObject | undefined,
  components: Components,
): Description[] {
  if (fields === undefined) return [];
  const { properties, required } = components.describe(fields, 'request');
  const needed = new Set<unknown>(Array.isArray(required) ? required : []);
  const printed: Description = typeof properties === 'object' && properties !== null ? { ...properties } : {};
  return Object.entries(printed).map(([name, field]) => {
    const schema: Description = typeof field === 'object' ? { ...field } : {};
    const description = schema['description'];
    Reflect.deleteProperty(schema, 'description');
    return {
      name,
      in: place,
      required: place === 'path' || needed.has(name),
      ...(description === undefined ? {} : { description }),
      schema,
    };
  });
}

function headers(contract: RouteContract): Description[] {
  const header = (name: string, description: string) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  });
  return [
    ...(contract.idempotencyKey === true
      ? [header('Idempotency-Key', 'The same key with the same body replays the answer for 24 hours.')]
      : []),
    ...(contract.ifMatch === true ? [header('If-Match', 'The `ETag` that was read; stale is 412.')] : []),
    ...(contract.stream === undefined ? [] : [header('Last-Event-ID', 'Resumes a stream after this event.')]),
  ];
}

function describeBody(contract: RouteContract, body: z.ZodType, components: Components): Description {
  const kind = contract.bodyKind ?? 'json';
  const schema = kind === 'archive' ? { type: 'string', format: 'binary' } : components.describe(body, 'request');
  return { required: true, content: Object.fromEntries(mediaTypes[kind].map((type) => [type, { schema }])) };
}

function answers(contract: RouteContract, components: Components): Description {
  const etag = { ETag: { description: 'The version of the resource.', schema: { type: 'string' } } };
  return Object.fromEntries(
    Object.entries(contract.responses).map(([status, schema]) => [
      status,
      {
        description: statusWords[Number(status)] ?? 'Done',
        ...(contract.etag === true ? { headers: etag } : {}),
        ...content(contract, schema, components),
      },
    ]),
  );
}

function content(contract: RouteContract, schema: z.ZodType | null, components: Components): Description {
  const types: Description = {};
  if (schema !== null && contract.text !== 'only')
    types['application/json'] = { schema: components.describe(schema, 'answer') };
  if (contract.text !== undefined) types['text/plain'] = { schema: { type: 'string' } };
  if (contract.stream !== undefined) {
    types['text/event-stream'] = {
      schema: { type: 'string' },
      'x-formwork-events': Object.fromEntries(
        Object.entries(contract.stream).map(([name, data]) => [name, components.describe(data, 'answer')]),
      ),
    };
  }
  return Object.keys(types).length === 0 ? {} : { content: types };
}

function problems(contract: RouteContract, components: Components): Description {
  const schema = components.describe(problemSchema, 'answer');
  const problem = (description: string) => ({ description, content: { [problemMediaType]: { schema } } });
  return {
    ...Object.fromEntries(
      problemStatuses(contract).map((status) => [status, problem(statusWords[status] ?? 'Problem')]),
    ),
    default: problem('Any other problem'),
  };
}
