import { type OperationId, type RequestParams, type RequestQuery, type StreamId, routes } from '@formwork/api';
import type { Caller } from '../auth/caller.ts';
import type { SseConnection } from '../events/sse-connection.ts';

export interface StreamCall {
  readonly params: unknown;
  readonly query: unknown;
  readonly caller: Caller;
  readonly lastEventId: string | null;
}

/** Serves one listener until its connection closes. */
export type StreamHandler = (call: StreamCall, connection: SseConnection) => Promise<void>;

export type StreamHandlers = { readonly [Id in StreamId]: StreamHandler };

export const isStreamId = (id: OperationId): id is StreamId => 'stream' in routes[id];

/** Parsed by the route's schemas before any handler is called. */
export const streamParams = <Id extends StreamId>(_id: Id, call: StreamCall): RequestParams<Id> =>
  call.params as RequestParams<Id>;
export const streamQuery = <Id extends StreamId>(_id: Id, call: StreamCall): RequestQuery<Id> =>
  call.query as RequestQuery<Id>;
