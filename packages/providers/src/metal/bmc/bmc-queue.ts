import { pause, reasonOf } from '../../pause.ts';

/** One BMC's queue: BMCs mix up, or freeze, when they are asked two things at once or too fast. */
export interface BmcQueue {
  /**
   * Runs `job` when it is its turn, at least the gap after the job before it ended.
   * @throws the signal's reason when it fires before the turn comes; then `job` never ran.
   */
  run<T>(job: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

/** @param now Monotonic, milliseconds. */
export function bmcQueue(gapMs: number, now: () => number = () => performance.now()): BmcQueue {
  let last: Promise<unknown> = Promise.resolve();
  let endedAtMs = Number.NEGATIVE_INFINITY;
  return {
    async run(job, signal) {
      if (signal.aborted) throw reasonOf(signal);
      const before = last;
      let leave = (): void => undefined;
      const mine = new Promise<void>((resolve) => {
        leave = resolve;
      });
      // The next in line waits for us and for all before us, also when we give up early.
      last = before.then(() => mine);
      try {
        await turn(before, signal);
        const waitMs = endedAtMs + gapMs - now();
        if (waitMs > 0) await pause(waitMs, signal);
        try {
          return await job();
        } finally {
          endedAtMs = now();
        }
      } finally {
        leave();
      }
    },
  };
}

async function turn(before: Promise<unknown>, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => reject(reasonOf(signal));
    signal.addEventListener('abort', stop, { once: true });
    void before.then(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
  });
  if (signal.aborted) throw reasonOf(signal);
}

/** The queues of a site's BMCs, one for each address however many handles there are of it. */
export function bmcQueues(gapMs: number): (address: string) => BmcQueue {
  const queues = new Map<string, BmcQueue>();
  return (address) => {
    const queue = queues.get(address) ?? bmcQueue(gapMs);
    queues.set(address, queue);
    return queue;
  };
}
