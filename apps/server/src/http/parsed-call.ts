import {
  type OperationId,
  type RequestBody,
  type RequestParams,
  type RequestQuery,
  versionOfEtag,
} from '@formwork/api';
import { FormworkError } from '@formwork/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../auth/caller.ts';
import type { Call } from './handler.ts';
import { textHeader } from './text-header.ts';

/**
 * A request whose params, query and body were parsed by the route's schemas before. A class, because V8 allocates the
 * getter of an object literal among what lives long, and with it the whole request until the next full collection.
 */
export class ParsedCall<Id extends OperationId> implements Call<Id> {
  readonly params: RequestParams<Id>;
  readonly query: RequestQuery<Id>;
  readonly body: RequestBody<Id>;
  readonly caller: Caller;
  readonly ifMatch: number | null;
  readonly #reply: FastifyReply;
  readonly #stopping: AbortSignal;

  /** Throws `conflict` `precondition-failed` when `If-Match` is no tag of ours. */
  constructor(request: FastifyRequest, reply: FastifyReply, caller: Caller, stopping: AbortSignal) {
    this.params = request.params as RequestParams<Id>;
    this.query = request.query as RequestQuery<Id>;
    this.body = request.body as RequestBody<Id>;
    this.caller = caller;
    this.ifMatch = ifMatchOf(request);
    this.#reply = reply;
    this.#stopping = stopping;
  }

  /** Made for those who wait: most answers are there before anybody could hang up. */
  get signal(): AbortSignal {
    return AbortSignal.any([hangUpSignal(this.#reply), this.#stopping]);
  }
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
