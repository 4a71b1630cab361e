import type { Reader } from './reader.ts';

export interface DeploymentCounts {
  /** Living nodes. */
  readonly nodes: number;
  /** Living node-roles by state. */
  readonly nodeRoles: Readonly<Record<string, number>>;
}

interface Kept extends DeploymentCounts {
  /** The newest event of the deployment in the same snapshot as the counts. */
  readonly newestEvent: string;
}

const sql = `SELECT d.id, COALESCE((SELECT id FROM events WHERE deployment_id = d.id ORDER BY id DESC LIMIT 1), 0) AS "newestEvent",
    (SELECT count(*)::int FROM nodes WHERE deployment_id = d.id AND state <> 'destroyed') AS nodes,
    COALESCE((SELECT jsonb_object_agg(state, count) FROM (SELECT state, count(*) FROM node_roles
      WHERE deployment_id = d.id AND state <> 'removed' GROUP BY state) AS of_state), '{}') AS "nodeRoles"
  FROM unnest($1::uuid[]) AS d(id)`;
const kept = 10_000;

/**
 * Counts of deployments, counted again only when something has happened there: nothing changes a node or a node-role
 * without an event of its deployment in the same transaction.
 */
export function keptCounts(reader: Reader) {
  const known = new Map<string, Kept>();
  return {
    async of(
      deployments: readonly { readonly id: string; readonly newestEvent: string }[],
    ): Promise<ReadonlyMap<string, DeploymentCounts>> {
      const stale = deployments.filter(({ id, newestEvent }) => known.get(id)?.newestEvent !== newestEvent);
      const found = new Map<string, DeploymentCounts>();
      if (stale.length > 0) {
        const rows = await reader.query<Kept & { readonly id: string }>(sql, [stale.map(({ id }) => id)]);
        if (known.size + rows.length > kept) known.clear();
        for (const { id, ...counts } of rows) {
          known.set(id, counts);
          found.set(id, counts);
        }
      }
      for (const { id } of deployments) {
        const counts = found.get(id) ?? known.get(id);
        if (counts !== undefined) found.set(id, counts);
      }
      return found;
    },
  };
}
