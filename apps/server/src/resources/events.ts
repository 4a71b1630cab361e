import { eventFilter } from '../events/event-filter.ts';
import type { EventHub } from '../events/event-hub.ts';
import type { SharedEvent } from '../events/shared-event.ts';
import type { ServerDeps } from '../deps.ts';
import { encodeCursor, pageRequest } from '../http/cursor.ts';
import type { Handlers } from '../http/handler.ts';
import { numberAt } from './nodes.ts';

/** Rows looked through for one page at most: what a narrow token may not see is passed over. */
const longestLook = 10_000;

export function eventHandlers(deps: ServerDeps & { readonly hub: EventHub }): Pick<Handlers, 'listEvents'> {
  return {
    listEvents: async ({ query, caller }) => {
      const { stored, selection } = await eventFilter(deps, query, caller);
      const page = pageRequest(query);
      let after = numberAt(page.after) ?? query.after ?? 0;
      const found: SharedEvent[] = [];
      // One row more than the page tells whether there is another.
      const lookAtOnce = page.limit + 1;
      for (let looked = 0; looked < longestLook; looked += lookAtOnce) {
        const rows = await deps.inventory.events.list({ ...stored, after, limit: lookAtOnce, newestFirst: false });
        for (const event of await deps.hub.share(rows)) {
          if (found.length < page.limit) after = event.row.id;
          if (selection.accepts(event)) found.push(event);
        }
        if (rows.length < lookAtOnce || found.length > page.limit) {
          const items = found.slice(0, page.limit).map((event) => event.response);
          const last = found[page.limit - 1];
          const more = found.length > page.limit && last !== undefined;
          return { body: { items, next: more ? encodeCursor([String(last.row.id)]) : null } };
        }
      }
      return { body: { items: found.map((event) => event.response), next: encodeCursor([String(after)]) } };
    },
  };
}
