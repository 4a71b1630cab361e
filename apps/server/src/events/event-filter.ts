import type { RequestQuery } from '@formwork/api';
import { type EventQuery, isUuid } from '@formwork/db';
import type { Caller } from '../auth/caller.ts';
import type { ServerDeps } from '../deps.ts';
import type { EventSelection } from './event-batch.ts';
import { eventVisibility } from './visible-events.ts';

type Query = Pick<RequestQuery<'listEvents'>, 'kind' | 'site' | 'deployment' | 'run' | 'node'>;

/**
 * What a listener asked for, as a question to the database and as a judgement of one event. The second also leaves out
 * what the caller may not see.
 */
export async function eventFilter(
  deps: Pick<ServerDeps, 'inventory'>,
  query: Query,
  caller: Caller,
): Promise<{
  readonly stored: Omit<EventQuery, 'limit' | 'newestFirst'>;
  readonly selection: EventSelection;
}> {
  const { kind, site, deployment, run, node } = query;
  const isVisible = eventVisibility(caller);
  const kinds = kind ?? [];
  const fitsKind = (given: string): boolean =>
    kinds.length === 0 || kinds.some((one) => (one.endsWith('.') ? given.startsWith(one) : given === one));
  const siteRecord = site === undefined ? null : await deps.inventory.sites.find(site);
  const siteName = siteRecord?.name ?? site;
  const stored: Omit<EventQuery, 'limit' | 'newestFirst'> = {
    ...(kinds.length === 0 ? {} : { kinds }),
    ...(deployment === undefined ? {} : { deploymentIds: await deps.inventory.deployments.idsByName(deployment) }),
    ...(node === undefined ? {} : { nodeIds: await deps.inventory.events.nodeIds(node, isUuid(node)) }),
    // What is no id at all fits no event.
    ...(run === undefined ? {} : { runId: isUuid(run) ? run : '00000000-0000-0000-0000-000000000000' }),
    ...(siteRecord === null ? {} : { siteId: siteRecord.id }),
  };
  return {
    stored,
    selection: {
      key: JSON.stringify([kinds, siteName, deployment, run, node, caller.role, caller.scope]),
      accepts: ({ row, response }) =>
        fitsKind(row.kind) &&
        (deployment === undefined || response.deployment === deployment) &&
        (run === undefined || row.runId === run) &&
        (node === undefined || response.node === node || row.nodeId === node) &&
        (siteName === undefined || response.site === siteName) &&
        isVisible(row, response),
    },
  };
}
