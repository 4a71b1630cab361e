import { FormworkError } from '@formwork/core';
import type { z } from 'zod';
import type { RouteContract } from '../contract.ts';
import {
  type CallAnswer,
  type CallBody,
  type CallParams,
  type CallQuery,
  type OperationId,
  type Routes,
  routes,
} from '../routes.ts';
import { durationMs } from '../schemas/query.ts';
import { parseJson, unreachable } from './failure.ts';
import { buildRequest, type RawInput } from './request.ts';
import { openStream, type StreamOptions } from './stream.ts';
import { send, type TransportOptions } from './transport.ts';

export interface ClientOptions {
  /** `http://127.0.0.1:8468`, without `/api/v1`. */
  readonly baseUrl: string;
  readonly token: string | null;
  readonly fetch?: typeof globalThis.fetch;
  /** For a whole call, 30 s when absent; a `wait` in the query comes on top. */
  readonly timeoutMs?: number;
}

type Given<Key extends string, Value> = Value extends undefined
  ? unknown
  : Partial<Value> extends Value
    ? { readonly [K in Key]?: Value }
    : { readonly [K in Key]: Value };

/** `fields` is left out: partial items have no type. */
type TypedQuery<Id extends OperationId> = CallQuery<Id> extends undefined ? undefined : Omit<CallQuery<Id>, 'fields'>;

export type CallInput<Id extends OperationId> = Given<'params', CallParams<Id>> &
  Given<'query', TypedQuery<Id>> &
  (CallBody<Id> extends undefined ? unknown : { readonly body: CallBody<Id> }) & {
    readonly signal?: AbortSignal;
    readonly timeoutMs?: number;
    readonly idempotencyKey?: string;
    /** As `etagOf(version)` makes it. */
    readonly ifMatch?: string;
  };

export type StreamId = {
  [Id in OperationId]: Routes[Id] extends { readonly stream: object } ? Id : never;
}[OperationId];

type StreamData<Id extends StreamId> = Routes[Id]['stream'];
export type StreamEvent<Id extends StreamId> = {
  [Name in keyof StreamData<Id>]: {
    readonly event: Name;
    readonly id: string | null;
    readonly data: StreamData<Id>[Name] extends z.ZodType ? z.output<StreamData<Id>[Name]> : never;
  };
}[keyof StreamData<Id>];

export type StreamInput<Id extends StreamId> = Given<'params', CallParams<Id>> &
  Given<'query', TypedQuery<Id>> &
  StreamOptions;

/** A typed client of every route. Failures are `FormworkError`s with the problem's code; see `problemsOf`. */
export interface Client {
  readonly baseUrl: string;
  call<Id extends OperationId>(id: Id, input: CallInput<Id>): Promise<CallAnswer<Id>>;
  stream<Id extends StreamId>(id: Id, input: StreamInput<Id>): AsyncGenerator<StreamEvent<Id>, void, undefined>;
}

export function createClient(options: ClientOptions): Client {
  const transport: TransportOptions = {
    baseUrl: options.baseUrl,
    token: options.token,
    fetch: options.fetch ?? globalThis.fetch,
  };
  return {
    baseUrl: options.baseUrl,
    call: async (id, input) => {
      const contract: RouteContract = routes[id];
      const timeoutMs = (input.timeoutMs ?? options.timeoutMs ?? 30_000) + waitMsOf(input);
      const timeout = AbortSignal.timeout(timeoutMs);
      const signal = input.signal === undefined ? timeout : AbortSignal.any([input.signal, timeout]);
      try {
        const request = buildRequest(options.baseUrl, contract, input);
        const accept = contract.text === 'only' ? 'text/plain' : 'application/json';
        const response = await send(request, accept, signal, transport);
        return parseAnswer(id, response.status, await response.text());
      } catch (error) {
        if (timeout.aborted && input.signal?.aborted !== true) throw unreachable(options.baseUrl, error);
        throw error;
      }
    },
    stream: (id, input) => {
      const given: RawInput & StreamOptions = { ...input };
      return typedEvents(id, openStream(routes[id], given, given, transport));
    },
  };
}

function waitMsOf(input: object): number {
  const query: unknown = 'query' in input ? input.query : undefined;
  const wait: unknown = typeof query === 'object' && query !== null && 'wait' in query ? query.wait : undefined;
  return typeof wait === 'string' ? (durationMs(wait) ?? 0) : 0;
}

/** Parses an answer by the schema of its status. */
function parseAnswer<Id extends OperationId>(id: Id, status: number, text: string): CallAnswer<Id> {
  const contract: RouteContract = routes[id];
  const schema = contract.responses[status] ?? contract.responses[contract.success] ?? null;
  if (schema === null) return undefined as CallAnswer<Id>;
  const parsed = schema.safeParse(contract.text === 'only' ? text : parseJson(text));
  if (parsed.success) return parsed.data as CallAnswer<Id>;
  const place = parsed.error.issues[0];
  const message = `the server's answer to ${id} is not as agreed at ${['$', ...(place?.path ?? [])].map(String).join('.')}; are client and server of one version?`;
  throw new FormworkError('internal', 'bad-response', message, { details: { status } });
}

/** Events were parsed by the route's schemas in `openStream`. */
function typedEvents<Id extends StreamId>(_id: Id, events: ReturnType<typeof openStream>) {
  return events as unknown as AsyncGenerator<StreamEvent<Id>, void, undefined>;
}
