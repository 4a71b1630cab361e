/** How long to wait before a child is started again: doubles at each quick death, forgotten after a stable minute. */
export interface Backoff {
  /** Told how long it lived; answers with the wait, and how many quick deaths there were in a row. */
  next(livedMs: number): { readonly delayMs: number; readonly quickDeaths: number };
}

export interface BackoffTimes {
  readonly firstMs: number;
  readonly greatestMs: number;
  readonly stableMs: number;
}

export const backoffTimes: BackoffTimes = { firstMs: 500, greatestMs: 30_000, stableMs: 60_000 };

export function createBackoff(times: BackoffTimes): Backoff {
  let quickDeaths = 0;
  return {
    next: (livedMs) => {
      quickDeaths = livedMs >= times.stableMs ? 1 : quickDeaths + 1;
      return { delayMs: Math.min(times.firstMs * 2 ** (quickDeaths - 1), times.greatestMs), quickDeaths };
    },
  };
}
