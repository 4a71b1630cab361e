import type { EventFeed, EventQuery, Inventory } from '@formwork/db';
import type { EventBatch, EventSelection } from './event-batch.ts';
import type { EventHub } from './event-hub.ts';
import type { SharedEvent } from './shared-event.ts';
import type { SseConnection } from './sse-connection.ts';

const pageSize = 500;
/** Live events kept for a listener that is still being brought up to date. */
const maxWaiting = 10_000;

/**
 * Sends events to one listener: first what is stored after `after`, then what happens, without a gap and nothing
 * twice. `selection` judges live and stored events alike.
 */
export async function followEvents(
  deps: { readonly inventory: Pick<Inventory, 'events'>; readonly feed: EventFeed; readonly hub: EventHub },
  connection: SseConnection,
  request: {
    /** Null begins with what happens from now on. */
    readonly after: number | null;
    readonly filter: Omit<EventQuery, 'limit' | 'newestFirst' | 'after' | 'before'>;
    readonly selection: EventSelection;
    /** Told of all live events, accepted or not. */
    readonly onLive: (batch: EventBatch) => void;
  },
): Promise<void> {
  const { closed } = connection;
  let lastId = request.after ?? deps.feed.position();
  const deliver = (event: SharedEvent): void => {
    if (event.row.id <= lastId) return;
    lastId = event.row.id;
    if (request.selection.accepts(event)) connection.send(event.text);
  };
  const deliverLive = (batch: EventBatch): void => {
    if (batch.lastId <= lastId) return;
    const chunk = batch.chunk(request.selection, lastId);
    lastId = batch.lastId;
    if (chunk !== null) connection.sendChunk(chunk);
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
  let waiting: EventBatch[] | null = [];
  let waitingEvents = 0;
  const hear = (batch: EventBatch): void => {
    request.onLive(batch);
    if (waiting === null) {
      deliverLive(batch);
      return;
    }
    waiting.push(batch);
    waitingEvents += batch.size;
    if (waitingEvents > maxWaiting) connection.end();
  };
  const stop = deps.hub.listen(hear, () => {
    connection.end();
  });
  try {
    await replay();
    const kept = waiting;
    waiting = null;
    for (const batch of kept) deliverLive(batch);
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
