/** The time a simulated site lives in. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** How many simulated milliseconds pass in one of `nowMs`. */
  readonly speed: number;
  /** Resolves after so many milliseconds of `nowMs`; rejects with the signal's reason as soon as that fires. */
  wait(forMs: number, signal: AbortSignal): Promise<void>;
}

export const realClock = (speed: number): Clock => ({
  nowMs: () => Date.now(),
  speed,
  wait: (forMs, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const stop = () => {
        clearTimeout(timer);
        reject(toError(signal.reason));
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', stop);
        resolve();
      }, forMs);
      signal.addEventListener('abort', stop, { once: true });
    }),
});

/** A clock that stands still until it is moved. */
export interface VirtualClock extends Clock {
  /** Moves on by so many milliseconds and lets everything run, in order, that was waiting for a moment until then. */
  advance(byMs: number): Promise<void>;
  /** Moves to the next moment somebody waits for; false when nobody waits. */
  advanceToNext(): Promise<boolean>;
}

interface Waiter {
  readonly atMs: number;
  readonly wake: () => void;
}

export function virtualClock(startMs = 0): VirtualClock {
  let now = startMs;
  /** Ascending by time; equal times in the order of their calls. */
  const waiters: Waiter[] = [];

  const insert = (waiter: Waiter): void => {
    let low = 0;
    let high = waiters.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((waiters[middle]?.atMs ?? 0) <= waiter.atMs) low = middle + 1;
      else high = middle;
    }
    waiters.splice(low, 0, waiter);
  };
  const wakeUntil = async (atMs: number): Promise<void> => {
    await settle();
    for (let next = waiters[0]; next !== undefined && next.atMs <= atMs; next = waiters[0]) {
      waiters.shift();
      now = next.atMs;
      next.wake();
      await settle();
    }
    now = Math.max(now, atMs);
  };

  return {
    nowMs: () => now,
    speed: 1,
    wait: (forMs, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const stop = () => {
          waiters.splice(waiters.indexOf(waiter), 1);
          reject(toError(signal.reason));
        };
        const waiter: Waiter = {
          atMs: now + Math.max(0, forMs),
          wake: () => {
            signal.removeEventListener('abort', stop);
            resolve();
          },
        };
        signal.addEventListener('abort', stop, { once: true });
        insert(waiter);
      }),
    advance: (byMs) => wakeUntil(now + byMs),
    advanceToNext: async () => {
      await settle();
      const next = waiters[0];
      if (next === undefined) return false;
      await wakeUntil(next.atMs);
      return true;
    },
  };
}

/** Lets everything that is ready to run do so: promises first, then what they put off to the next turn. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const toError = (reason: unknown): Error =>
  reason instanceof Error ? reason : new Error('aborted', { cause: reason });
