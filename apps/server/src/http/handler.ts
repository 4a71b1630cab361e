import type { AnswerBody, OperationId, RequestBody, RequestParams, RequestQuery } from '@formwork/api';
import type { Caller } from '../auth/caller.ts';

/** One parsed request, as a handler gets it. */
export interface Call<Id extends OperationId> {
  readonly params: RequestParams<Id>;
  readonly query: RequestQuery<Id>;
  readonly body: RequestBody<Id>;
  readonly caller: Caller;
  /** Version in `If-Match`; null when none was sent. */
  readonly ifMatch: number | null;
  /** Fires when the caller hangs up or the server stops. */
  readonly signal: AbortSignal;
}

export interface Answer<Body> {
  /** The contract's `success` when absent. */
  readonly status?: number;
  readonly body: Body;
  /** Version of the resource, for `ETag`. */
  readonly version?: number;
  /** What a replay by Idempotency-Key answers instead: for what is shown only once. */
  readonly replayed?: Body;
  /** For `Accept: text/plain`, where the route has that. */
  readonly text?: string;
}

/** Encoded before, for all who ask. */
export interface MadeAnswer {
  /** JSON by `encodeAnswer` or `encodeItems`. */
  readonly json: Buffer | string;
  /** Names this content, where it never changes: who shows it in `If-None-Match` is answered 304. */
  readonly etag: string | null;
}

export type Handler<Id extends OperationId> = (call: Call<Id>) => Promise<Answer<AnswerBody<Id>> | MadeAnswer>;

/** A handler for every operation of the route table: a missing one does not compile. */
export type Handlers = { readonly [Id in OperationId]: Handler<Id> };
