import type { NodeRow } from '../engine/snapshot.ts';
import { type Conditions, conditions } from './conditions.ts';
import { isUuid, nameAndId, nameAndIdAfter, type Page, type PageRequest, rowsOfPage, toPage } from './page.ts';
import type { Reader } from './reader.ts';
import { type RowTag, rowTag, type VersionedTag } from './row-tag.ts';

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
const tagById = `SELECT n.id, ${rowTag('n')} AS tag, n.version FROM nodes n WHERE n.id = $1`;
const tagByName = `SELECT n.id, ${rowTag('n')} AS tag, n.version FROM nodes n WHERE n.name = $1
  ORDER BY n.state = 'destroyed', n.created_at DESC LIMIT 1`;

export const nodeInventory = (reader: Reader) => ({
  /** A page of which rows there are and how new they are; `byIds` reads them. */
  async list(query: PageRequest & NodeQuery): Promise<Page<RowTag>> {
    const { sql, values } = listStatement(query);
    // How many nodes have a label only the value tells: without it the planner reads them all.
    const rows = await (query.label === undefined
      ? reader.prepared<RowTag & { readonly name: string }>(sql, values)
      : reader.query<RowTag & { readonly name: string }>(sql, values));
    return toPage(rows, query.limit, nameAndId);
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
  /** Which one `find` finds, and how new it is. */
  async tag(idOrName: string): Promise<VersionedTag | null> {
    const [known] = isUuid(idOrName) ? await reader.prepared<VersionedTag>(tagById, [idOrName]) : [];
    if (known !== undefined) return known;
    const [row] = await reader.prepared<VersionedTag>(tagByName, [idOrName]);
    return row ?? null;
  },
});

/**
 * One statement: a name's ids (a name may have been used again) come first, and below each of them its nodes in the order
 * of the index, so that whatever the values are no more rows than a page are read and no plan depends on them.
 */
function listStatement(query: PageRequest & NodeQuery): { readonly sql: string; readonly values: readonly unknown[] } {
  const where = conditions();
  const { site, deployment, states, group, label, siteIds, deploymentIds } = query;
  const named: string[] = [];
  if (deployment !== undefined) {
    named.push(`(SELECT id FROM deployments WHERE name = ${where.value(deployment)}) AS d`);
    where.and('n.deployment_id = d.id');
  }
  if (site !== undefined) {
    const isId = isUuid(site) ? ` OR id = ${where.value(site)}::uuid` : '';
    named.push(`(SELECT id FROM sites WHERE name = ${where.value(site)}${isId}) AS s`);
    where.and('n.site_id = s.id');
  }
  if (states === undefined) where.and(`n.state <> 'destroyed'`);
  else where.and('n.state = ANY(?::text[])', states);
  if (group !== undefined) where.and('n.group_name = ?', group);
  if (label !== undefined) whereLabel(where, label);
  if (siteIds !== null) where.and('n.site_id = ANY(?::uuid[])', siteIds);
  if (deploymentIds !== null) {
    where.and('(n.deployment_id IS NULL OR n.deployment_id = ANY(?::uuid[]))', deploymentIds);
  }
  const after = nameAndIdAfter(query.after);
  if (after !== null) where.and('(n.name, n.id) > (?, ?::uuid)', ...after);
  const inOrder = `ORDER BY n.name, n.id LIMIT ${rowsOfPage(query.limit)}`;
  const page = `SELECT n.id, n.name, ${rowTag('n')} AS tag FROM nodes n WHERE ${where.sql()} ${inOrder}`;
  const sql = named.length === 0 ? page : `SELECT n.* FROM ${named.join(', ')}, LATERAL (${page}) AS n ${inOrder}`;
  return { sql, values: where.values() };
}

function whereLabel(where: Conditions, label: string): void {
  const at = label.indexOf('=');
  if (at === -1) where.and('jsonb_exists(n.labels, ?)', label);
  else where.and('n.labels @> ?::jsonb', JSON.stringify({ [label.slice(0, at)]: label.slice(at + 1) }));
}
