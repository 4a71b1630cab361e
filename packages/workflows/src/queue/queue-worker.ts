import type { Consumer } from './backend.ts';
import { settles } from './within.ts';

/** One queue's consumer in this process. */
export interface QueueWorker {
  /** Resolves when it is connected; until then jobs wait in the queue. */
  ready(): Promise<void>;
  /** Takes no new jobs; the running ones go on. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /**
   * Takes no new jobs, gives the running ones `graceMs` (default 5 000) to end, then aborts their signals, then
   * drops the connections. Ends within `graceMs` + 4 s, also when the queue's server is away.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

const restartDelayMs = 1_000;
const abortGraceMs = 2_000;

/** Starts a consumer and starts it anew when its first connection failed for good. */
export function startConsumer(deps: {
  readonly start: () => Consumer;
  readonly onError: (error: unknown) => void;
}): QueueWorker {
  let closing: Promise<void> | undefined;
  let paused = false;
  let current = deps.start();
  let retry: NodeJS.Timeout | undefined;
  let markReady: () => void = () => {};
  const isReady = new Promise<void>((resolve) => {
    markReady = resolve;
  });

  const watch = (consumer: Consumer): void => {
    consumer.waitUntilReady().then(markReady, (error: unknown) => {
      if (closing !== undefined) return;
      deps.onError(error);
      retry = setTimeout(() => {
        void settles(abortGraceMs, consumer.close());
        current = deps.start();
        watch(current);
        if (paused) current.pause().catch(deps.onError);
      }, restartDelayMs);
    });
  };
  watch(current);

  const end = async (graceMs: number): Promise<void> => {
    clearTimeout(retry);
    const closed = current.close();
    if (await settles(graceMs, closed)) return;
    current.abortJobs();
    if (await settles(abortGraceMs, closed)) return;
    await settles(abortGraceMs, current.disconnect());
  };

  return {
    ready: () => isReady,
    pause: async () => {
      paused = true;
      await current.pause();
    },
    resume: async () => {
      paused = false;
      await current.resume();
    },
    close: (options) => {
      closing ??= end(options?.graceMs ?? 5_000);
      return closing;
    },
  };
}
