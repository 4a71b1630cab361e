import type { EventRow } from '../engine/feed.ts';
import { type Conditions, conditions } from './conditions.ts';
import type { Reader } from './reader.ts';

export interface EventQuery {
  readonly limit: number;
  readonly newestFirst: boolean;
  /** Ids greater than this. */
  readonly after?: number;
  /** Ids smaller than this. */
  readonly before?: number;
  /** Kinds; one that ends in `.` stands for all that begin so. */
  readonly kinds?: readonly string[];
  readonly deploymentIds?: readonly string[];
  readonly nodeIds?: readonly string[];
  readonly runId?: string;
  readonly siteId?: string;
}

/** What the ids in an event stand for. Names of deployments, nodes and sites never change. */
export interface EventNames {
  readonly deployments: ReadonlyMap<string, string>;
  readonly nodes: ReadonlyMap<string, { readonly name: string; readonly site: string }>;
  readonly sites: ReadonlyMap<string, string>;
}

type Row = Omit<EventRow, 'id' | 'at'> & { readonly id: string; readonly at: Date };

const columns = `id, at, kind, actor, deployment_id AS "deploymentId", run_id AS "runId", node_id AS "nodeId",
  node_role_id AS "nodeRoleId", data`;

export const eventInventory = (reader: Reader) => ({
  async list(query: EventQuery): Promise<readonly EventRow[]> {
    const where = restrict(query);
    const limit = where.value(query.limit);
    const sql = `SELECT ${columns} FROM events WHERE ${where.sql()} ORDER BY id ${query.newestFirst ? 'DESC' : 'ASC'} LIMIT ${limit}`;
    const rows = await reader.query<Row>(sql, where.values());
    return rows.map((row) => ({ ...row, id: Number(row.id), at: row.at.toISOString() }));
  },
  async nodeIds(idOrName: string, isId: boolean): Promise<readonly string[]> {
    if (isId) return [idOrName];
    const rows = await reader.prepared<{ id: string }>('SELECT id FROM nodes WHERE name = $1', [idOrName]);
    return rows.map((row) => row.id);
  },
  async names(ids: {
    readonly deploymentIds: readonly string[];
    readonly nodeIds: readonly string[];
    readonly siteIds: readonly string[];
  }): Promise<EventNames> {
    const named = async <Found extends object>(sql: string, asked: readonly string[]) =>
      asked.length === 0 ? [] : reader.prepared<Found & { readonly id: string; readonly name: string }>(sql, [asked]);
    const [deployments, nodes, sites] = await Promise.all([
      named('SELECT id, name FROM deployments WHERE id = ANY($1::uuid[])', ids.deploymentIds),
      named<{ readonly site: string }>(
        'SELECT n.id, n.name, s.name AS site FROM nodes n JOIN sites s ON s.id = n.site_id WHERE n.id = ANY($1::uuid[])',
        ids.nodeIds,
      ),
      // An event may name what is no id of ours.
      named('SELECT id, name FROM sites WHERE id::text = ANY($1::text[])', ids.siteIds),
    ]);
    return {
      deployments: new Map(deployments.map((row) => [row.id, row.name])),
      nodes: new Map(nodes.map((row) => [row.id, { name: row.name, site: row.site }])),
      sites: new Map(sites.map((row) => [row.id, row.name])),
    };
  },
  /** Id of a deployment's newest event: grows with everything that happens to it. */
  async newestOf(deploymentId: string): Promise<number> {
    const sql = 'SELECT id FROM events WHERE deployment_id = $1 ORDER BY id DESC LIMIT 1';
    const [row] = await reader.prepared<{ id: string }>(sql, [deploymentId]);
    return Number(row?.id ?? 0);
  },
});

function restrict(query: EventQuery): Conditions {
  const where = conditions();
  if (query.after !== undefined) where.and('id > ?', query.after);
  if (query.before !== undefined) where.and('id < ?', query.before);
  if (query.deploymentIds !== undefined) where.and('deployment_id = ANY(?::uuid[])', query.deploymentIds);
  if (query.nodeIds !== undefined) where.and('node_id = ANY(?::uuid[])', query.nodeIds);
  if (query.runId !== undefined) where.and('run_id = ?', query.runId);
  if (query.siteId !== undefined) {
    where.and(
      `(node_id IN (SELECT id FROM nodes WHERE site_id = ?) OR data->>'siteId' = ?)`,
      query.siteId,
      query.siteId,
    );
  }
  if (query.kinds !== undefined) {
    const whole = query.kinds.filter((kind) => !kind.endsWith('.'));
    const begins = query.kinds.filter((kind) => kind.endsWith('.'));
    where.and(
      '(kind = ANY(?::text[]) OR EXISTS (SELECT 1 FROM unnest(?::text[]) AS b(text) WHERE starts_with(kind, b.text)))',
      whole,
      begins,
    );
  }
  return where;
}
