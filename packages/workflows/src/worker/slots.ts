/** How many steps a worker runs at once, and those that run. */
export interface Slots {
  /**
   * Runs the work in a slot: answers true when it has begun. False when no slot got free within `patienceMs`, or when the
   * slots are closed: it will not begin.
   */
  begin(work: () => Promise<void>, patienceMs: number): Promise<boolean>;
  /** Resolves when a slot is free, or when the slots are closed. */
  room(): Promise<void>;
  /** How many run. */
  size(): number;
  /** Begins nothing any more; resolves when what runs has ended, or after so many milliseconds. */
  close(graceMs: number): Promise<void>;
}

interface Waiting {
  readonly work: () => Promise<void>;
  readonly settle: (begun: boolean) => void;
}

/** `onError` hears what the work throws: the slot is free again all the same. */
export function createSlots(count: number, onError: (error: unknown) => void): Slots {
  const running = new Set<Promise<void>>();
  const queue = new Set<Waiting>();
  const lookers = new Set<() => void>();
  const tellLookers = (): void => {
    for (const look of lookers) look();
    lookers.clear();
  };
  let closed = false;

  const start = (work: () => Promise<void>): void => {
    const run = work()
      .catch(onError)
      .finally(() => {
        running.delete(run);
        const [next] = queue;
        if (next === undefined) {
          tellLookers();
          return;
        }
        queue.delete(next);
        start(next.work);
        next.settle(true);
      });
    running.add(run);
  };
  return {
    begin(work, patienceMs) {
      if (closed) return Promise.resolve(false);
      if (running.size < count) {
        start(work);
        return Promise.resolve(true);
      }
      return new Promise((resolve) => {
        const waiting: Waiting = {
          work,
          settle: (begun) => {
            clearTimeout(timer);
            resolve(begun);
          },
        };
        const timer = setTimeout(() => {
          queue.delete(waiting);
          resolve(false);
        }, patienceMs);
        queue.add(waiting);
      });
    },
    room: () =>
      closed || running.size < count
        ? Promise.resolve()
        : new Promise((resolve) => {
            lookers.add(resolve);
          }),
    size: () => running.size,
    async close(graceMs) {
      closed = true;
      for (const waiting of queue) waiting.settle(false);
      queue.clear();
      tellLookers();
      let timer: NodeJS.Timeout | undefined;
      const enough = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, graceMs);
      });
      await Promise.race([Promise.all(running), enough]);
      clearTimeout(timer);
    },
  };
}
