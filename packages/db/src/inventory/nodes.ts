import type { NodeRow } from '../engine/snapshot.ts';
import { type Conditions, conditions } from './conditions.ts';
import { isUuid, nameAndId, nameAndIdAfter, type Page, type PageRequest, toPage } from './page.ts';
import type { Reader } from './reader.ts';
import { type RowTag, rowTag } from './row-tag.ts';

/** A machine as people see it. */
export interface NodeRecord extends Omit<NodeRow, 'sshUser' | 'hostKey' | 'incarnation' | 'candidate'> {
  readonly deployment: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface NodeQuery {
  readonly site?: string;
  readonly deployment?: string;
  readonly group?: string;
  /** Destroyed ones only when they are named here. */
  readonly states?: readonly string[];
  /** `key` or `key=value`. */
  readonly label?: string;
  /** Null for all. */
  readonly siteIds: readonly string[] | null;
  readonly deploymentIds: readonly string[] | null;
}

/** Columns as `NodeRecord` names them; JSON columns were written by this package alone, in these shapes. */
const columns = `n.id, n.name, n.site_id AS "siteId", s.name AS site, s.provider, n.deployment_id AS "deploymentId", d.name AS deployment,
  n.group_name AS "group", n.ordinal, n.state, n.origin, n.message, n.image, n.size, n.capabilities, n.labels, n.facts, n.host, n.port,
  n.provider_id AS "providerId", n.locked, n.maintenance, n.lost, n.version, n.created_at AS "createdAt", n.updated_at AS "updatedAt"`;
const joins = 'JOIN sites s ON s.id = n.site_id LEFT JOIN deployments d ON d.id = n.deployment_id';
const byId = `SELECT ${columns} FROM nodes n ${joins} WHERE n.id = $1`;
const byIds = `SELECT ${columns}, ${rowTag('n')} AS tag FROM nodes n ${joins} WHERE n.id = ANY($1::uuid[])`;
const byName = `SELECT ${columns} FROM nodes n ${joins} WHERE n.id = (
  SELECT id FROM nodes WHERE name = $1 ORDER BY state = 'destroyed', created_at DESC LIMIT 1)`;

export const nodeInventory = (reader: Reader) => ({
  /** A page of which rows there are and how new they are; `byIds` reads them. */
  async list(query: PageRequest & NodeQuery): Promise<Page<RowTag>> {
    const where = await restrict(reader, query);
    const after = nameAndIdAfter(query.after);
    if (after !== null) where.and('(n.name, n.id) > (?, ?::uuid)', ...after);
    const limit = where.value(query.limit + 1);
    const sql = `SELECT n.id, n.name, ${rowTag('n')} AS tag FROM nodes n WHERE ${where.sql()} ORDER BY n.name, n.id LIMIT ${limit}`;
    return toPage(await reader.query<RowTag & { readonly name: string }>(sql, where.values()), query.limit, nameAndId);
  },
  /** Those of them that are still there, in no order. */
  byIds: (ids: readonly string[]): Promise<readonly (NodeRecord & RowTag)[]> => reader.prepared(byIds, [ids]),
  /** By id, or by the name of a living node; else the last destroyed one of that name. */
  async find(idOrName: string): Promise<NodeRecord | null> {
    const [known] = isUuid(idOrName) ? await reader.prepared<NodeRecord>(byId, [idOrName]) : [];
    if (known !== undefined) return known;
    const [row] = await reader.prepared<NodeRecord>(byName, [idOrName]);
    return row ?? null;
  },
});

const sitesNamed = 'SELECT id FROM sites WHERE name = $1 OR id::text = lower($1)';
const deploymentsNamed = 'SELECT id FROM deployments WHERE name = $1';

async function restrict(reader: Reader, query: NodeQuery): Promise<Conditions> {
  const where = conditions();
  if (query.states === undefined) where.and(`n.state <> 'destroyed'`);
  else where.and('n.state = ANY(?::text[])', query.states);
  // Names are looked up first: with the one id of a name the planner can take the index of its nodes in order.
  const { site, deployment } = query;
  const [siteIds, deploymentIds] = await Promise.all([
    site === undefined ? null : reader.prepared<{ id: string }>(sitesNamed, [site]),
    deployment === undefined ? null : reader.prepared<{ id: string }>(deploymentsNamed, [deployment]),
  ]);
  if (siteIds !== null) whereId(where, 'n.site_id', siteIds);
  if (deploymentIds !== null) whereId(where, 'n.deployment_id', deploymentIds);
  if (query.group !== undefined) where.and('n.group_name = ?', query.group);
  if (query.label !== undefined) whereLabel(where, query.label);
  if (query.siteIds !== null) where.and('n.site_id = ANY(?::uuid[])', query.siteIds);
  if (query.deploymentIds !== null) {
    where.and('(n.deployment_id IS NULL OR n.deployment_id = ANY(?::uuid[]))', query.deploymentIds);
  }
  return where;
}

function whereId(where: Conditions, column: string, rows: readonly { readonly id: string }[]): void {
  const ids = rows.map((row) => row.id);
  if (ids.length === 1) where.and(`${column} = ?::uuid`, ids[0]);
  else where.and(`${column} = ANY(?::uuid[])`, ids);
}

function whereLabel(where: Conditions, label: string): void {
  const at = label.indexOf('=');
  if (at === -1) where.and('jsonb_exists(n.labels, ?)', label);
  else where.and('n.labels @> ?::jsonb', JSON.stringify({ [label.slice(0, at)]: label.slice(at + 1) }));
}
