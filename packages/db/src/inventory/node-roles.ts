import type { Applied, NodeRoleState } from '@formwork/core';
import type { Pending } from '../engine/node-role-row.ts';
import { conditions } from './conditions.ts';
import { isUuid } from './page.ts';
import type { Reader } from './reader.ts';
import { type RowTag, rowTag } from './row-tag.ts';

/** What of a node-role never changes while its deployment has the same last run. */
export interface NodeRoleKeyRow {
  readonly id: string;
  readonly key: string;
  readonly role: string;
  readonly as: string;
  readonly nodeId: string | null;
  readonly node: string | null;
  readonly group: string | null;
  /** Of its node; 0 for the deployment's own. */
  readonly ordinal: number;
  readonly stage: string;
}

export interface NodeRoleRecord extends NodeRoleKeyRow {
  readonly deploymentId: string;
  readonly state: NodeRoleState;
  readonly runId: string | null;
  readonly pending: Pending | null;
  readonly attempt: number;
  readonly version: number;
}

export interface NodeRoleQuery {
  readonly deploymentId: string;
  /** Removed ones only when they are named here. */
  readonly states?: readonly string[];
  readonly runId?: string;
}

const keyColumns = `r.id, r.key, r.role, r."as", r.node_id AS "nodeId", n.name AS node, r.group_name AS "group",
  COALESCE(n.ordinal, 0) AS ordinal, r.stage`;
/** JSON columns were written by this package alone, in these shapes. */
const columns = `${keyColumns}, r.deployment_id AS "deploymentId", r.state_data AS state, r.run_id AS "runId", r.pending, r.attempt, r.version`;
const from = 'FROM node_roles r LEFT JOIN nodes n ON n.id = r.node_id';
const byIds = `SELECT ${columns} ${from} WHERE r.id = ANY($1::uuid[])`;
/** With the tag of its last attempt, whose times are shown with it. */
const livingTags = `SELECT r.id, ${rowTag('r')} || COALESCE(${rowTag('a')}, '') AS tag FROM node_roles r
  LEFT JOIN attempts a ON a.node_role_id = r.id AND a.number = r.attempt
  WHERE r.id = ANY($1::uuid[]) AND r.state <> 'removed'`;
const byId = `SELECT ${columns} ${from} WHERE r.deployment_id = $1 AND r.id = $2`;
const livingByKey = `SELECT ${columns} ${from} WHERE r.deployment_id = $1 AND r.key = $2 AND r.state <> 'removed'`;
const lastByKey = `SELECT ${columns} ${from} WHERE r.deployment_id = $1 AND r.key = $2 ORDER BY r.created_at DESC LIMIT 1`;
const livingKeys = `SELECT ${keyColumns} ${from} WHERE r.deployment_id = $1 AND r.state <> 'removed'`;
const appliedOf = `SELECT r.key, n.name AS node, r.applied ${from} WHERE r.deployment_id = $1 AND (r.role = $2 OR r."as" = $2)
  AND r.state <> 'removed' AND jsonb_typeof(r.applied) = 'object' ORDER BY r.key`;

const restrict = ({ deploymentId, states, runId }: NodeRoleQuery) => {
  const where = conditions();
  where.and('r.deployment_id = ?', deploymentId);
  if (states === undefined) where.and(`r.state <> 'removed'`);
  else where.and('r.state = ANY(?::text[])', states);
  if (runId !== undefined) where.and('r.run_id = ?', runId);
  return where;
};

/** The order of stages is not the database's to know: lists are in none. */
export const nodeRoleInventory = (reader: Reader) => ({
  /** All that fit. */
  async list(query: NodeRoleQuery): Promise<readonly NodeRoleRecord[]> {
    if (query.runId !== undefined && !isUuid(query.runId)) return [];
    const where = restrict(query);
    return reader.query<NodeRoleRecord>(`SELECT ${columns} ${from} WHERE ${where.sql()}`, where.values());
  },
  /** Ids of all that fit. */
  async ids(query: NodeRoleQuery): Promise<readonly string[]> {
    if (query.runId !== undefined && !isUuid(query.runId)) return [];
    const where = restrict(query);
    const sql = `SELECT r.id FROM node_roles r WHERE ${where.sql()}`;
    return (await reader.query<{ id: string }>(sql, where.values())).map((row) => row.id);
  },
  /** Of all living ones, what does not change before the next run. */
  livingKeys: (deploymentId: string): Promise<readonly NodeRoleKeyRow[]> =>
    reader.prepared<NodeRoleKeyRow>(livingKeys, [deploymentId]),
  /** Those that are there and not removed, in no order, with how new they are. */
  livingTags: (ids: readonly string[]): Promise<readonly RowTag[]> => reader.prepared(livingTags, [ids]),
  /** Those that are there, in no order. */
  byIds: (ids: readonly string[]): Promise<readonly NodeRoleRecord[]> => reader.prepared(byIds, [ids]),
  /** By id or key; of a key that was removed the last one. */
  async find(deploymentId: string, idOrKey: string): Promise<NodeRoleRecord | null> {
    const values = [deploymentId, idOrKey];
    const [known] = isUuid(idOrKey) ? await reader.prepared<NodeRoleRecord>(byId, values) : [];
    if (known !== undefined) return known;
    const [living] = await reader.prepared<NodeRoleRecord>(livingByKey, values);
    if (living !== undefined) return living;
    const [last] = await reader.prepared<NodeRoleRecord>(lastByKey, values);
    return last ?? null;
  },
  /** What instances of a role were last applied with; those never applied are left out. */
  applied: (
    deploymentId: string,
    role: string,
  ): Promise<readonly { readonly key: string; readonly node: string | null; readonly applied: Applied }[]> =>
    reader.query(appliedOf, [deploymentId, role]),
});
