import { etagOf, type OperationId, type RouteContract, routes } from '@formwork/api';
import { FormworkError } from '@formwork/core';
import { type Database, roleIncludes } from '@formwork/db';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticate } from '../auth/authenticate.ts';
import { anonymous, type Caller } from '../auth/caller.ts';
import { bodyLimits, checkMediaType } from './body-parsers.ts';
import { encodeAnswer } from './encode-answer.ts';
import type { Answer, Call, Handlers, MadeAnswer } from './handler.ts';
import { answerOnce, type SentAnswer } from './idempotency.ts';
import { ParsedCall } from './parsed-call.ts';
import { isStreamId, type StreamHandlers } from './stream-handler.ts';
import { textHeader } from './text-header.ts';
import { parseJson } from './to-json.ts';
import { openSseConnection } from '../events/sse-connection.ts';

export interface RegisterDeps {
  readonly db: Pick<Database, 'query'>;
  readonly handlers: Handlers;
  readonly streams: StreamHandlers;
  readonly authenticate: Authenticate;
  readonly checkScope: (
    contract: RouteContract,
    caller: Caller,
    params: Readonly<Record<string, string>>,
  ) => Promise<void>;
  /** Fires when the server stops: waits and streams end. */
  readonly stopping: AbortSignal;
}

/** Where a request keeps who asks. */
const callerKey = 'formworkCaller';
const operationIds = Object.keys(routes).filter((id): id is OperationId => Object.hasOwn(routes, id));

/** Registers every route of the table; there is no other list of them. */
export function registerRoutes(app: FastifyInstance, deps: RegisterDeps): void {
  app.decorateRequest(callerKey, null);
  for (const id of operationIds) registerRoute<OperationId>(app, deps, id, deps.handlers[id]);
}

function registerRoute<Id extends OperationId>(
  app: FastifyInstance,
  deps: RegisterDeps,
  id: Id,
  handler: Handlers[Id],
): void {
  const contract: RouteContract = routes[id];
  app.route({
    method: contract.method,
    url: contract.path,
    bodyLimit: bodyLimits[contract.bodyKind ?? 'json'],
    schema: {
      ...(contract.params === undefined ? {} : { params: contract.params }),
      ...(contract.query === undefined ? {} : { querystring: contract.query }),
      ...(contract.body === undefined ? {} : { body: contract.body }),
    },
    config: { operationId: id },
    onRequest: async (request) => {
      request.setDecorator(callerKey, await admit(deps, contract, request));
      checkMediaType(contract, request.headers['content-type']);
      if (/%00/.test(request.url)) {
        throw new FormworkError('invalid', 'invalid-request', 'the path or query holds a NUL character');
      }
    },
    handler: async (request, reply) => {
      const caller = request.getDecorator<Caller | null>(callerKey) ?? anonymous(request.ip);
      const call = new ParsedCall<Id>(request, reply, caller, deps.stopping);
      if (isStreamId(id) && wantsStream(request)) {
        reply.hijack();
        const connection = openSseConnection(reply.raw, reply.getHeaders(), deps.stopping);
        const lastEventId = textHeader(request, 'last-event-id');
        await deps.streams[id]({ params: request.params, query: request.query, caller, lastEventId }, connection);
        return reply;
      }
      const sent = await respond(deps, id, handler, call, request);
      return sendAnswer(reply, contract, sent, request);
    },
  });
}

/** Who asks, and whether they may: token, role, scope, in this order. */
async function admit(deps: RegisterDeps, contract: RouteContract, request: FastifyRequest): Promise<Caller> {
  if (contract.role === 'public') return anonymous(request.ip);
  const caller = await deps.authenticate(request.headers.authorization, request.ip);
  if (!roleIncludes(caller.role, contract.role)) {
    const message = `this needs a token with the role ${contract.role}; yours is ${caller.role}`;
    throw new FormworkError('denied', 'forbidden', message);
  }
  await deps.checkScope(contract, caller, rawParams(request));
  return caller;
}

interface Response {
  readonly status: number;
  readonly json: string | Buffer;
  readonly etag: string | null;
  /** For `Accept: text/plain`. */
  readonly text?: string;
}

async function respond<Id extends OperationId>(
  deps: RegisterDeps,
  id: Id,
  handler: Handlers[Id],
  call: Call<Id>,
  request: FastifyRequest,
): Promise<Response> {
  const contract: RouteContract = routes[id];
  const fields = fieldsOf(request.query);
  const key = textHeader(request, 'idempotency-key');
  const encode = (status: number, body: unknown): string => encodeAnswer(id, contract, status, body, fields);
  if (contract.idempotencyKey !== true || key === null || call.caller.tokenId === null) {
    const answer: Answer<unknown> | MadeAnswer = await handler(call);
    if ('json' in answer) return { status: contract.success, json: answer.json, etag: answer.etag };
    const status = answer.status ?? contract.success;
    return {
      status,
      json: encode(status, answer.body),
      etag: versionTag(contract, answer.version ?? null),
      ...(answer.text === undefined ? {} : { text: answer.text }),
    };
  }
  const asked = `${JSON.stringify(request.params ?? null)}\n${askedBody(request.body)}`;
  const sent = await answerOnce(deps.db, { tokenId: call.caller.tokenId, route: id, key, asked }, async () => {
    const answer: Answer<unknown> | MadeAnswer = await handler(call);
    if ('json' in answer) throw new FormworkError('internal', 'bad-answer', `${id} changes nothing and takes no key`);
    const status = answer.status ?? contract.success;
    const keep = (body: unknown): SentAnswer => ({
      status,
      body: parseJson(encode(status, body)),
      version: answer.version ?? null,
    });
    const now = keep(answer.body);
    return { now, later: answer.replayed === undefined ? now : keep(answer.replayed) };
  });
  return { status: sent.status, json: JSON.stringify(sent.body), etag: versionTag(contract, sent.version) };
}

const askedBody = (body: unknown): string =>
  body instanceof Uint8Array ? Buffer.from(body).toString('base64') : JSON.stringify(body ?? null);

const versionTag = (contract: RouteContract, version: number | null): string | null =>
  contract.etag === true && version !== null ? etagOf(version) : null;

function sendAnswer(reply: FastifyReply, contract: RouteContract, sent: Response, request: FastifyRequest) {
  if (sent.etag !== null) reply.header('etag', sent.etag);
  // Only what is encoded once has a tag of its content; a version says nothing of what stands beside the resource.
  if (sent.etag !== null && sent.json instanceof Buffer && textHeader(request, 'if-none-match') === sent.etag) {
    return reply.code(304).send();
  }
  reply.code(sent.status);
  if ((contract.responses[sent.status] ?? null) === null) return reply.send();
  const asText = contract.text === 'only' || (contract.text === 'also' && accepts(request, 'text/plain'));
  if (asText && sent.text !== undefined) return reply.type('text/plain; charset=utf-8').send(sent.text);
  return reply.type('application/json; charset=utf-8').send(sent.json);
}

const accepts = (request: FastifyRequest, type: string): boolean => (request.headers.accept ?? '').includes(type);

const wantsStream = (request: FastifyRequest): boolean =>
  request.method === 'GET' && accepts(request, 'text/event-stream');

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

function rawParams(request: FastifyRequest): Readonly<Record<string, string>> {
  const { params } = request;
  if (!isRecord(params)) return {};
  return Object.fromEntries(
    Object.entries(params).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

function fieldsOf(query: unknown): readonly string[] | null {
  const fields: unknown = isRecord(query) ? query['fields'] : undefined;
  if (!Array.isArray(fields)) return null;
  return fields.filter((field): field is string => typeof field === 'string');
}
