import type { EventFeed, Inventory, TokenRecord } from '@formwork/db';

/** Tokens by hash, remembered for a few seconds. */
export interface KnownTokens {
  /** Null for none of ours. What it says of its expiry must still be judged. */
  byHash(hash: string): Promise<TokenRecord | null>;
  /** From now on it is read anew; for whoever has just revoked it. */
  forget(tokenId: string): void;
  close(): void;
}

/** Longest time that a revocation by another server goes unnoticed while the event feed is broken, milliseconds. */
const freshMs = 5_000;
/** So long before that time is over a token in use is read anew, beside the answers: nobody waits for it, milliseconds. */
const renewMs = 2_500;
const kept = 10_000;

interface KnownToken {
  readonly token: TokenRecord;
  readonly untilMs: number;
  renewing: boolean;
}

/**
 * A revoked token is forgotten at once: by the route that revokes it before it answers, and on every other server by
 * its event, which comes within milliseconds of the commit. Only what was found is remembered.
 */
export function createKnownTokens(deps: {
  readonly inventory: Pick<Inventory, 'tokens'>;
  readonly feed: Pick<EventFeed, 'subscribe'>;
  readonly now: () => Date;
}): KnownTokens {
  const known = new Map<string, KnownToken>();
  let forgotten = 0;
  const forget = (tokenId: string): void => {
    forgotten += 1;
    for (const [hash, { token }] of known) if (token.id === tokenId) known.delete(hash);
  };
  const unsubscribe = deps.feed.subscribe((events) => {
    for (const { kind, data } of events) {
      if (kind === 'token.revoked' && typeof data['tokenId'] === 'string') forget(data['tokenId']);
    }
  });
  const read = async (hash: string): Promise<TokenRecord | null> => {
    const untilMs = deps.now().getTime() + freshMs;
    const before = forgotten;
    const token = await deps.inventory.tokens.byHash(hash);
    known.delete(hash);
    // What was read while a token was being revoked may be from before: it serves this one request, as it always could.
    if (token !== null && before === forgotten) {
      if (known.size >= kept) known.clear();
      known.set(hash, { token, untilMs, renewing: false });
    }
    return token;
  };
  return {
    async byHash(hash) {
      const last = known.get(hash);
      const restMs = (last?.untilMs ?? 0) - deps.now().getTime();
      if (last === undefined || restMs <= 0) return read(hash);
      if (restMs < renewMs && !last.renewing) {
        last.renewing = true;
        // Who asks when its time is over reads it, and is told what is wrong.
        read(hash).catch(() => undefined);
      }
      return last.token;
    },
    forget,
    close: unsubscribe,
  };
}
