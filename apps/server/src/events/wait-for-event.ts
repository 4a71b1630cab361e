import type { EventFeed, EventRow } from '@formwork/db';

/**
 * Waits for something that the feed tells of: looks at once, and again after each event that concerns it. Null when it
 * has not come about in time, or `signal` fired.
 */
export async function waitForEvent<Found>(
  feed: Pick<EventFeed, 'subscribe'>,
  options: {
    readonly concerns: (event: EventRow) => boolean;
    /** Null while it has not come about. */
    readonly look: () => Promise<Found | null>;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Promise<Found | null> {
  const over = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
  let rung = false;
  let wake: (() => void) | null = null;
  const ring = (): void => {
    rung = true;
    wake?.();
  };
  const unsubscribe = feed.subscribe((events) => {
    if (events.some(options.concerns)) ring();
  });
  over.addEventListener('abort', ring);
  try {
    for (;;) {
      rung = false;
      const found = await options.look();
      if (found !== null || over.aborted) return found;
      // An event that came while we looked counts.
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (rung) resolve();
      });
    }
  } finally {
    over.removeEventListener('abort', ring);
    unsubscribe();
  }
}
