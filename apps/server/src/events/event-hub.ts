import type { EventResponse } from '@formwork/api';
import type { EventFeed, EventRow, Log } from '@formwork/db';
import { toEventResponse } from './event-response.ts';
import type { NameCache } from './event-names.ts';
import { sseText } from './sse-connection.ts';

/** An event made ready once for all listeners. */
export interface SharedEvent {
  readonly row: EventRow;
  readonly response: EventResponse;
  /** As it goes out on a stream; made when the first listener takes it. */
  readonly text: string;
}

/** Gives the feed of this process to its listeners, in order, each event named and serialised once. */
export interface EventHub {
  /** From now on; answers how to stop. */
  listen(listener: (event: SharedEvent) => void): () => void;
  share(rows: readonly EventRow[]): Promise<readonly SharedEvent[]>;
  close(): Promise<void>;
}

export function openEventHub(deps: {
  readonly feed: Pick<EventFeed, 'subscribe'>;
  readonly names: NameCache;
  readonly log: Log;
}): EventHub {
  const listeners = new Set<(event: SharedEvent) => void>();
  let publishing: Promise<void> = Promise.resolve();

  const share = async (rows: readonly EventRow[]): Promise<readonly SharedEvent[]> => {
    const names = await deps.names.of(rows);
    return rows.map((row) => {
      const response = toEventResponse(row, names);
      let text: string | null = null;
      return {
        row,
        response,
        get text() {
          return (text ??= sseText('event', String(row.id), response));
        },
      };
    });
  };
  const publish = async (rows: readonly EventRow[]): Promise<void> => {
    if (listeners.size === 0) return;
    for (const event of await share(rows)) for (const listener of listeners) listener(event);
  };
  const unsubscribe = deps.feed.subscribe((rows) => {
    publishing = publishing
      .then(() => publish(rows))
      .catch((error: unknown) => {
        deps.log.error({ error: String(error) }, 'events could not be given out; listeners must resume');
      });
  });
  return {
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    share,
    async close() {
      unsubscribe();
      listeners.clear();
      await publishing;
    },
  };
}
