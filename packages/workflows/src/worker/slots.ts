/** How many steps a worker runs at once, and those that run. */
export interface Slots {
  /** Runs the work in a slot, as soon as one is free; resolves when it has begun. Rejects when the slots are closed. */
  begin(work: () => Promise<void>): Promise<void>;
  /** How many run. */
  size(): number;
  /** Begins nothing any more; resolves when what runs has ended, or after so many milliseconds. */
  close(graceMs: number): Promise<void>;
}

/** `onError` hears what the work throws: the slot is free again all the same. */
export function createSlots(count: number, onError: (error: unknown) => void): Slots {
  const running = new Set<Promise<void>>();
  const waiting: { readonly go: () => void; readonly stop: (error: Error) => void }[] = [];
  let closed = false;

  const start = (work: () => Promise<void>): void => {
    const run = work()
      .catch(onError)
      .finally(() => {
        running.delete(run);
        waiting.shift()?.go();
      });
    running.add(run);
  };
  return {
    begin(work) {
      if (closed) return Promise.reject(new Error('the worker stops'));
      if (running.size < count) {
        start(work);
        return Promise.resolve();
      }
      return new Promise((resolve, reject) => {
        waiting.push({
          go: () => {
            start(work);
            resolve();
          },
          stop: reject,
        });
      });
    },
    size: () => running.size,
    async close(graceMs) {
      closed = true;
      for (const { stop } of waiting.splice(0)) stop(new Error('the worker stops'));
      let timer: NodeJS.Timeout | undefined;
      const enough = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, graceMs);
      });
      await Promise.race([Promise.all(running), enough]);
      clearTimeout(timer);
    },
  };
}
