import { FormworkError } from '@formwork/core';
import {
  type Database,
  hashToken,
  looksLikeToken,
  type Log,
  recordTokenUse,
  tokenMatches,
  tokenState,
} from '@formwork/db';
import type { Caller } from './caller.ts';
import type { FailedLogins } from './failed-logins.ts';
import type { KnownTokens } from './known-tokens.ts';

export interface AuthenticateDeps {
  readonly db: Pick<Database, 'query'>;
  readonly tokens: Pick<KnownTokens, 'byHash'>;
  readonly failedLogins: FailedLogins;
  readonly now: () => Date;
  readonly log: Log;
}

export type Authenticate = (authorization: string | undefined, address: string) => Promise<Caller>;

/** Tokens this server has seen to be right; only so many. */
const keptHashes = 1_000;
const useRecordedMs = 60_000;

/**
 * Tells a caller by its bearer token. After too many wrong ones from an address nothing is looked up for it any more,
 * but tokens that were right before still work: one broken script must not lock out everybody behind its address.
 * Throws `denied` `unauthenticated`, or `retryable` `rate-limited`.
 */
export function authenticator(deps: AuthenticateDeps): Authenticate {
  const seen = new Set<string>();
  const recordedMs = new Map<string, number>();
  const refuse = (address: string, why: string): FormworkError => {
    deps.failedLogins.record(address);
    return new FormworkError('denied', 'unauthenticated', why);
  };
  return async (authorization, address) => {
    const text = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (text === undefined) {
      throw new FormworkError('denied', 'unauthenticated', 'send a token: Authorization: Bearer <token>');
    }
    const hash = hashToken(text);
    if (!seen.has(hash) && deps.failedLogins.isBlocked(address)) {
      throw new FormworkError('retryable', 'rate-limited', 'too many wrong tokens from this address; wait a minute');
    }
    if (!looksLikeToken(text)) throw refuse(address, 'this is not a token of this server');
    const token = await deps.tokens.byHash(hash);
    if (token === null || !tokenMatches(text, token.hash)) throw refuse(address, 'this token is not known');
    const state = tokenState(token, deps.now());
    if (state !== 'valid') throw refuse(address, `this token is ${state}`);
    if (seen.size >= keptHashes) {
      seen.clear();
      recordedMs.clear();
    }
    seen.add(hash);
    const nowMs = deps.now().getTime();
    const usedMs = Math.max(token.lastUsedAt?.getTime() ?? 0, recordedMs.get(token.id) ?? 0);
    if (nowMs - usedMs > useRecordedMs) {
      recordedMs.set(token.id, nowMs);
      recordTokenUse(deps.db, token.id).catch((error: unknown) => {
        deps.log.warn({ error: String(error) }, 'the use of a token could not be recorded');
      });
    }
    return { tokenId: token.id, actor: `token:${token.name}`, role: token.role, scope: token.scope, address };
  };
}
