import type { ServerDeps } from '../deps.ts';
import { type StreamCall, streamQuery } from '../http/stream-handler.ts';
import type { EventHub } from './event-hub.ts';
import { eventFilter } from './event-filter.ts';
import { followEvents } from './follow-events.ts';
import type { SseConnection } from './sse-connection.ts';

/** The live feed for one listener, from its last event on. */
export async function streamEvents(
  deps: ServerDeps & { readonly hub: EventHub },
  call: StreamCall,
  connection: SseConnection,
): Promise<void> {
  const query = streamQuery('listEvents', call);
  try {
    const { stored, selection } = await eventFilter(deps, query, call.caller);
    const last = Number(call.lastEventId ?? Number.NaN);
    const after = call.lastEventId !== null && Number.isSafeInteger(last) && last >= 0 ? last : (query.after ?? null);
    await followEvents(deps, connection, {
      after,
      filter: stored,
      selection,
      onLive: (batch) => {
        // A token that is revoked hears no more.
        if (batch.rows('token.revoked').some((row) => row.data['tokenId'] === call.caller.tokenId)) connection.end();
      },
    });
  } finally {
    connection.end();
  }
}
