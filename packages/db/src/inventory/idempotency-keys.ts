import type { Json } from '@formwork/core';
import type { Database } from '../database.ts';

/** One use of an Idempotency-Key: kept 24 h for a token and route. */
export interface IdempotentRequest {
  readonly tokenId: string;
  readonly route: string;
  readonly key: string;
  /** SHA-256 of what was asked. */
  readonly bodyHash: string;
}

export type IdempotentStart =
  | { readonly kind: 'started' }
  | { readonly kind: 'answered'; readonly status: number; readonly response: Json }
  | { readonly kind: 'in-flight' }
  | { readonly kind: 'mismatch' };

/** After this long a request that never ended is taken to have died with its server. Waits end far earlier. */
const abandonedAfter = '15 minutes';

/** Takes the key, or says what became of the first request that had it. */
export async function beginIdempotent(
  db: Pick<Database, 'query'>,
  request: IdempotentRequest,
): Promise<IdempotentStart> {
  for (;;) {
    const taken = await db.query(
      `INSERT INTO idempotency_keys AS k (token_id, route, key, body_hash) VALUES ($1, $2, $3, $4)
       ON CONFLICT (token_id, route, key) DO UPDATE SET body_hash = $4, status = NULL, response = NULL, created_at = now()
       WHERE k.created_at < now() - interval '24 hours' OR (k.status IS NULL AND k.created_at < now() - interval '${abandonedAfter}')
       RETURNING key`,
      [request.tokenId, request.route, request.key, request.bodyHash],
    );
    if (taken.length > 0) return { kind: 'started' };
    const [known] = await db.query<{ body_hash: string; status: number | null; response: Json }>(
      'SELECT body_hash, status, response FROM idempotency_keys WHERE token_id = $1 AND route = $2 AND key = $3',
      [request.tokenId, request.route, request.key],
    );
    // Let go of between the two statements: try to take it again.
    if (known === undefined) continue;
    if (known.body_hash !== request.bodyHash) return { kind: 'mismatch' };
    return known.status === null
      ? { kind: 'in-flight' }
      : { kind: 'answered', status: known.status, response: known.response };
  }
}

export async function finishIdempotent(
  db: Pick<Database, 'query'>,
  request: IdempotentRequest,
  answer: { readonly status: number; readonly response: Json },
): Promise<void> {
  await db.query(
    'UPDATE idempotency_keys SET status = $4, response = $5 WHERE token_id = $1 AND route = $2 AND key = $3',
    [request.tokenId, request.route, request.key, answer.status, JSON.stringify(answer.response)],
  );
}

/** The request failed and changed nothing: the key may be used again. */
export async function releaseIdempotent(db: Pick<Database, 'query'>, request: IdempotentRequest): Promise<void> {
  await db.query('DELETE FROM idempotency_keys WHERE token_id = $1 AND route = $2 AND key = $3 AND status IS NULL', [
    request.tokenId,
    request.route,
    request.key,
  ]);
}

export async function pruneIdempotencyKeys(db: Pick<Database, 'query'>): Promise<void> {
  await db.query(`DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'`);
}
