import type { ServerDeps } from '../deps.ts';
import { pageBody, pageRequest } from '../http/cursor.ts';
import type { Handlers } from '../http/handler.ts';

export function auditHandlers(deps: ServerDeps): Pick<Handlers, 'listAudit'> {
  return {
    listAudit: async ({ query }) => {
      const { actor, action, target } = query;
      const page = await deps.inventory.audit.list({
        ...pageRequest(query),
        ...(actor === undefined ? {} : { actor }),
        ...(action === undefined ? {} : { action }),
        ...(target === undefined ? {} : { target }),
      });
      return {
        body: pageBody(page, (entry) => ({
          id: entry.id,
          at: entry.at.toISOString(),
          actor: entry.actor,
          action: entry.action,
          target: entry.subject,
          from: entry.address,
          before: entry.before,
          after: entry.after,
          hash: entry.hash,
        })),
      };
    },
  };
}
