import { pause } from '../pause.ts';

export interface Limiter {
  /** Runs `work` when fewer than the limit run; throws the signal's reason when it fires while waiting. */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

export function limiter(limit: number): Limiter {
  let running = 0;
  return {
    async run(work, signal) {
      while (running >= limit) await pause(20, signal);
      running += 1;
      try {
        return await work();
      } finally {
        running -= 1;
      }
    },
  };
}
