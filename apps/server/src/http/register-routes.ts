import {
  etagOf,
  type OperationId,
  type RequestBody,
  type RequestParams,
  type RequestQuery,
  type RouteContract,
  routes,
  versionOfEtag,
} from '@formwork/api';
import { FormworkError } from '@formwork/core';
import { type Database, roleIncludes } from '@formwork/db';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticate } from '../auth/authenticate.ts';
import { anonymous, type Caller } from '../auth/caller.ts';
import { bodyLimits, checkMediaType } from './body-parsers.ts';
import { encodeAnswer } from './encode-answer.ts';
import type { Answer, Call, Handlers, MadeAnswer } from './handler.ts';
import { answerOnce, type SentAnswer } from './idempotency.ts';
import { isStreamId, type StreamHandlers } from './stream-handler.ts';
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

const operationIds = Object.keys(routes).filter((id): id is OperationId => Object.hasOwn(routes, id));

/** Registers every route of the table; there is no other list of them. */
export function registerRoutes(app: FastifyInstance, deps: RegisterDeps): void {
  const callers = new WeakMap<FastifyRequest, Caller>();
  for (const id of operationIds) registerRoute<OperationId>(app, deps, callers, id, deps.handlers[id]);
}

function registerRoute<Id extends OperationId>(
  app: FastifyInstance,
  deps: RegisterDeps,
  callers: WeakMap<FastifyRequest, Caller>,
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
      callers.set(request, await admit(deps, contract, request));
      checkMediaType(contract, request.headers['content-type']);
      if (/%00/.test(request.url)) {
        throw new FormworkError('invalid', 'invalid-request', 'the path or query holds a NUL character');
      }
    },
    handler: async (request, reply) => {
      const caller = callers.get(request) ?? anonymous(request.ip);
      const call = parsedCall<Id>(request, caller, () => AbortSignal.any([hangUpSignal(reply), deps.stopping]));
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

/** Params, query and body were parsed by the route's schemas before the handler is called. */
function parsedCall<Id extends OperationId>(
  request: FastifyRequest,
  caller: Caller,
  signal: () => AbortSignal,
): Call<Id> {
  return {
    params: request.params as RequestParams<Id>,
    query: request.query as RequestQuery<Id>,
    body: request.body as RequestBody<Id>,
    caller,
    ifMatch: ifMatchOf(request),
    // Made for those who wait: most answers are there before anybody could hang up.
    get signal() {
      return signal();
    },
  };
}

/** `*` and none at all take whatever is there; what is no tag of ours fits nothing. */
function ifMatchOf(request: FastifyRequest): number | null {
  const text = textHeader(request, 'if-match');
  if (text === null || text.trim() === '*') return null;
  const version = versionOfEtag(text);
  if (version === null) {
    throw new FormworkError('conflict', 'precondition-failed', 'If-Match is no ETag of this resource; read it again');
  }
  return version;
}

function hangUpSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  if (reply.raw.destroyed && !reply.raw.writableFinished) gone.abort();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

const accepts = (request: FastifyRequest, type: string): boolean => (request.headers.accept ?? '').includes(type);

const wantsStream = (request: FastifyRequest): boolean =>
  request.method === 'GET' && accepts(request, 'text/event-stream');

function textHeader(request: FastifyRequest, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
}

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
