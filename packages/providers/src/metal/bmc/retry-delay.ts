import type { ProviderFailure } from '../../contract.ts';

export interface RetryPolicy {
  /** Tries in all, the first one too. */
  readonly tries: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
}

export const defaultRetry: RetryPolicy = { tries: 4, firstDelayMs: 500, longestDelayMs: 10_000 };

/**
 * How long to wait before this BMC is asked once more, or null when asking again cannot help: only a BMC that is busy or
 * away is. What the BMC says of itself (Retry-After, no free session) is the least.
 * @param attempt Tries made, from 1.
 * @param random 0 to 1, exclusive; spreads the tries of many by half.
 */
export function retryDelayMs(
  failure: ProviderFailure,
  attempt: number,
  { tries, firstDelayMs, longestDelayMs }: RetryPolicy,
  random: number,
): number | null {
  if (attempt >= tries) return null;
  if (failure.kind !== 'throttled' && failure.kind !== 'unavailable') return null;
  if (failure.code === 'aborted' || failure.code === 'timeout' || failure.code === 'circuit-open') return null;
  const grown = Math.min(longestDelayMs, firstDelayMs * 2 ** (attempt - 1));
  return Math.max(failure.retryAfterMs ?? 0, grown * (0.5 + random / 2));
}
