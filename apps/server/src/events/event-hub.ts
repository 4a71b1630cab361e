import type { EventFeed, EventRow, Log } from '@formwork/db';
import { batchOf, type EventBatch } from './event-batch.ts';
import { toEventResponse } from './event-response.ts';
import type { NameCache } from './event-names.ts';
import { SharedEvent } from './shared-event.ts';

/** Gives the feed of this process to its listeners, in order, each event named and serialised once. */
export interface EventHub {
  /** From now on, in batches; `onLost` is called when some could not be given out. Answers how to stop. */
  listen(listener: (batch: EventBatch) => void, onLost: () => void): () => void;
  share(rows: readonly EventRow[]): Promise<readonly SharedEvent[]>;
  close(): Promise<void>;
}

/**
 * What comes within some time after a batch goes out together; the first after a quiet time goes out at once. The more
 * listeners there are the longer a batch takes, and the longer is gathered for the next: so many times what the last one
 * took, this at most, milliseconds. However many listen, the process has time for its other work.
 */
const gatherTimes = 2;
const mostGatherMs = 20;

export function openEventHub(deps: {
  readonly feed: Pick<EventFeed, 'subscribe'>;
  readonly names: NameCache;
  readonly log: Log;
}): EventHub {
  const listeners = new Map<(batch: EventBatch) => void, () => void>();
  let publishing: Promise<void> = Promise.resolve();
  let gathered: SharedEvent[] = [];
  let timer: NodeJS.Timeout | null = null;
  let sentMs = 0;
  let tookMs = 0;

  const share = async (rows: readonly EventRow[]): Promise<readonly SharedEvent[]> => {
    const names = await deps.names.of(rows);
    return rows.map((row) => new SharedEvent(row, toEventResponse(row, names)));
  };
  const send = (): void => {
    timer = null;
    const beganMs = performance.now();
    const batch = batchOf(gathered);
    gathered = [];
    if (batch !== null) for (const listener of [...listeners.keys()]) listener(batch);
    sentMs = performance.now();
    // Sockets are written to in the ticks that the listeners have just asked for: this one comes after them.
    process.nextTick(() => {
      sentMs = performance.now();
      tookMs = sentMs - beganMs;
    });
  };
  const publish = async (rows: readonly EventRow[]): Promise<void> => {
    if (listeners.size === 0) return;
    const shared = await share(rows);
    // Only now: while names were looked up the timer may have sent what was gathered before.
    gathered.push(...shared);
    if (timer !== null) return;
    const restMs = sentMs + Math.min(mostGatherMs, gatherTimes * tookMs) - performance.now();
    if (restMs <= 0) send();
    else timer = setTimeout(send, restMs);
  };
  const unsubscribe = deps.feed.subscribe((rows) => {
    publishing = publishing
      .then(() => publish(rows))
      .catch((error: unknown) => {
        deps.log.error({ error: String(error) }, 'events could not be given out; listeners must resume');
        // Whoever is sent away comes back with the last id it has, and gets what it missed.
        for (const onLost of [...listeners.values()]) onLost();
      });
  });
  return {
    listen(listener, onLost) {
      listeners.set(listener, onLost);
      return () => listeners.delete(listener);
    },
    share,
    async close() {
      unsubscribe();
      listeners.clear();
      if (timer !== null) clearTimeout(timer);
      await publishing;
    },
  };
}
