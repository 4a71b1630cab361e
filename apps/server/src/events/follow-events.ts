import type { EventFeed, EventQuery, EventRow, Inventory } from '@formwork/db';
import type { EventHub, SharedEvent } from './event-hub.ts';
import type { SseConnection } from './sse-connection.ts';

const pageSize = 500;
/** Live events kept for a listener that is still being brought up to date. */
const maxWaiting = 10_000;

/**
 * Sends events to one listener: first what is stored after `after`, then what happens, without a gap and nothing
 * twice. `accepts` judges live and stored events alike.
 */
export async function followEvents(
  deps: { readonly inventory: Pick<Inventory, 'events'>; readonly feed: EventFeed; readonly hub: EventHub },
  connection: SseConnection,
  request: {
    /** Null begins with what happens from now on. */
    readonly after: number | null;
    readonly filter: Omit<EventQuery, 'limit' | 'newestFirst' | 'after' | 'before'>;
    readonly accepts: (event: SharedEvent) => boolean;
    /** Told of every live event, accepted or not. */
    readonly onLive: (row: EventRow) => void;
  },
): Promise<void> {
  const { closed } = connection;
  let lastId = request.after ?? deps.feed.position();
  const deliver = (event: SharedEvent): void => {
    if (event.row.id <= lastId) return;
    lastId = event.row.id;
    if (request.accepts(event)) connection.send(event.text);
  };
  const replay = async (): Promise<void> => {
    for (let after = lastId; !closed.aborted; ) {
      const query = { ...request.filter, after, limit: pageSize, newestFirst: false };
      const rows = await deps.inventory.events.list(query);
      for (const event of await deps.hub.share(rows)) deliver(event);
      await connection.drained();
      if (rows.length < pageSize) return;
      after = rows.at(-1)?.id ?? after;
    }
  };
  if (request.after !== null) await replay();
  // From here on live events are kept; once more over what was stored meanwhile, then they go out.
  let waiting: SharedEvent[] | null = [];
  const stop = deps.hub.listen((event) => {
    request.onLive(event.row);
    if (waiting === null) deliver(event);
    else if (waiting.push(event) > maxWaiting) connection.end();
  });
  try {
    await replay();
    const kept = waiting;
    waiting = null;
    for (const event of kept) deliver(event);
    await new Promise<void>((resolve) => {
      if (closed.aborted) resolve();
      closed.addEventListener('abort', () => {
        resolve();
      });
    });
  } finally {
    stop();
  }
}
