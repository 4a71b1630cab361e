import type { EventNames, EventRow, Inventory } from '@formwork/db';

/** Names by id, remembered: they never change. */
export interface NameCache {
  of(rows: readonly EventRow[]): Promise<EventNames>;
}

const kept = 50_000;

export function createNameCache(inventory: Pick<Inventory, 'events'>): NameCache {
  const deployments = new Map<string, string>();
  const nodes = new Map<string, { readonly name: string; readonly site: string }>();
  const sites = new Map<string, string>();
  const unknown = (ids: Iterable<string | null>, known: ReadonlyMap<string, unknown>): string[] => [
    ...new Set([...ids].flatMap((id) => (id === null || known.has(id) ? [] : [id]))),
  ];
  return {
    async of(rows) {
      if (deployments.size + nodes.size + sites.size > kept) {
        deployments.clear();
        nodes.clear();
        sites.clear();
      }
      const wanted = {
        deploymentIds: unknown(
          rows.map((row) => row.deploymentId),
          deployments,
        ),
        nodeIds: unknown(
          rows.map((row) => row.nodeId),
          nodes,
        ),
        siteIds: unknown(
          rows.map((row) => siteIdOf(row)),
          sites,
        ),
      };
      if (wanted.deploymentIds.length + wanted.nodeIds.length + wanted.siteIds.length > 0) {
        const found = await inventory.events.names(wanted);
        for (const [id, name] of found.deployments) deployments.set(id, name);
        for (const [id, node] of found.nodes) nodes.set(id, node);
        for (const [id, name] of found.sites) sites.set(id, name);
      }
      return { deployments, nodes, sites };
    },
  };
}

function siteIdOf(row: EventRow): string | null {
  const id = row.data['siteId'];
  return typeof id === 'string' ? id : null;
}
