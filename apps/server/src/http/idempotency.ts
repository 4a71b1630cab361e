import { createHash } from 'node:crypto';
import type { OperationId } from '@formwork/api';
import { FormworkError, type Json } from '@formwork/core';
import {
  beginIdempotent,
  type Database,
  finishIdempotent,
  type IdempotentRequest,
  releaseIdempotent,
} from '@formwork/db';

/** A finished answer, as it goes out and as it is kept. */
export interface SentAnswer {
  readonly status: number;
  readonly body: Json;
  readonly version: number | null;
}

const keyShape = /^[\x21-\x7e]{1,255}$/;

/**
 * Answers a request that carries an Idempotency-Key: the first time by `answer`, the next 24 h with what that gave.
 * Only successes are kept: a failed request has changed nothing, so its key may be used again.
 */
export async function answerOnce(
  db: Pick<Database, 'query'>,
  request: {
    readonly tokenId: string;
    readonly route: OperationId;
    readonly key: string;
    /** What was asked: path parameters and body. */
    readonly asked: string;
  },
  answer: () => Promise<{ readonly now: SentAnswer; readonly later: SentAnswer }>,
): Promise<SentAnswer> {
  if (!keyShape.test(request.key)) {
    throw new FormworkError('invalid', 'invalid-request', 'Idempotency-Key must be 1 to 255 visible ASCII characters');
  }
  const entry: IdempotentRequest = {
    tokenId: request.tokenId,
    route: request.route,
    key: request.key,
    bodyHash: createHash('sha256').update(request.asked).digest('hex'),
  };
  const start = await beginIdempotent(db, entry);
  switch (start.kind) {
    case 'mismatch':
      throw new FormworkError('invalid', 'idempotency-mismatch', 'this key came with another request; use a new one');
    case 'in-flight':
      throw new FormworkError('conflict', 'idempotency-in-flight', 'the first request with this key is not over; wait');
    case 'answered':
      return parseKept(start.status, start.response);
    case 'started':
      break;
  }
  try {
    const { now, later } = await answer();
    await finishIdempotent(db, entry, { status: later.status, response: { body: later.body, version: later.version } });
    return now;
  } catch (error) {
    await releaseIdempotent(db, entry);
    throw error;
  }
}

/** As `finishIdempotent` stored it above. */
function parseKept(status: number, response: Json): SentAnswer {
  const kept = response as { readonly body: Json; readonly version: number | null };
  return { status, body: kept.body, version: kept.version };
}
