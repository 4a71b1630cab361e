import type { Applied, NodeRoleState } from '@formwork/core';
import type { Pending } from '../engine/node-role-row.ts';
import { conditions } from './conditions.ts';
import { isUuid, rowsOfPage } from './page.ts';
import type { Reader } from './reader.ts';
import { type RowTag, rowTag, type VersionedTag } from './row-tag.ts';

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

/** What a look at one of them shows. */
export interface NodeRoleLook {
  readonly row: NodeRoleRecord;
  /** Of its last attempt; null when there was none. */
  readonly attempt: { readonly startedAt: Date; readonly endedAt: Date | null } | null;
}

/** What the order of a deployment's node-roles depends on, and those of them that were asked for. */
export interface NodeRoleTags {
  readonly deploymentId: string;
  /** Of the specification that holds for it. */
  readonly specificationVersion: number;
  readonly lastRun: string | null;
  /** Id of the deployment's newest event: node-roles and attempts do not change without one. */
  readonly newestEvent: string;
  /** Those that are there and fit, in no order; null when nothing has happened since the event that was named. */
  readonly tags: readonly RowTag[] | null;
}

const keyColumns = `r.id, r.key, r.role, r."as", r.node_id AS "nodeId", n.name AS node, r.group_name AS "group",
  COALESCE(n.ordinal, 0) AS ordinal, r.stage`;
/** JSON columns were written by this package alone, in these shapes. */
const columns = `${keyColumns}, r.deployment_id AS "deploymentId", r.state_data AS state, r.run_id AS "runId", r.pending, r.attempt, r.version`;
const from = 'FROM node_roles r LEFT JOIN nodes n ON n.id = r.node_id';
const byIds = `SELECT ${columns} ${from} WHERE r.id = ANY($1::uuid[])`;
const byId = `SELECT ${columns} ${from} WHERE r.deployment_id = $1 AND r.id = $2`;
const livingByKey = `SELECT ${columns} ${from} WHERE r.deployment_id = $1 AND r.key = $2 AND r.state <> 'removed'`;
const lastByKey = `SELECT ${columns} ${from} WHERE r.deployment_id = $1 AND r.key = $2 ORDER BY r.created_at DESC LIMIT 1`;
const livingKeys = `SELECT ${keyColumns} ${from} WHERE r.deployment_id = $1 AND r.state <> 'removed'`;
const appliedOf = `SELECT r.key, n.name AS node, r.applied ${from} WHERE r.deployment_id = $1 AND (r.role = $2 OR r."as" = $2)
  AND r.state <> 'removed' AND jsonb_typeof(r.applied) = 'object' ORDER BY r.key`;

const named = `(SELECT * FROM deployments WHERE name = $1 ORDER BY state = 'destroyed', created_at DESC LIMIT 1) AS d`;
const look = (which: string): string => `SELECT ${columns}, a.started_at AS "startedAt", a.ended_at AS "endedAt"
  FROM ${named} JOIN node_roles r ON r.deployment_id = d.id AND ${which} LEFT JOIN nodes n ON n.id = r.node_id
  LEFT JOIN LATERAL (SELECT started_at, ended_at FROM attempts WHERE node_role_id = r.id AND r.attempt > 0 ORDER BY number DESC LIMIT 1) AS a ON true`;
const byItsId = 'r.id = $2::uuid';
const byItsKey = `r.key = $2 AND r.state <> 'removed'`;
const lookById = look(byItsId);
const lookByKey = look(byItsKey);
/** With the tag of its last attempt, whose times are shown with it. */
const tagColumn = `${rowTag('r')} || COALESCE(${rowTag('a')}, '') AS tag`;
const lastAttempt = 'LEFT JOIN attempts a ON a.node_role_id = r.id AND a.number = r.attempt';
const tagOfOne = (which: string): string => `SELECT r.id, ${tagColumn}, r.version
  FROM ${named} JOIN node_roles r ON r.deployment_id = d.id AND ${which} ${lastAttempt}`;
const tagById = tagOfOne(byItsId);
const tagByKey = tagOfOne(byItsKey);
/** Tags are one text: an array of them takes the driver longer to read than all the rest. */
const tagsSql = (which: string, unless: string): string => `SELECT d.id AS "deploymentId", u.id AS "lastRun",
    CASE WHEN d.committed_version > 0 THEN d.committed_version ELSE d.proposed_version END AS "specificationVersion",
    e.id AS "newestEvent", CASE WHEN e.id <> ${unless}::bigint THEN COALESCE(f.tags, '') END AS tags
  FROM ${named} LEFT JOIN LATERAL (SELECT id FROM runs WHERE deployment_id = d.id ORDER BY started_at DESC LIMIT 1) AS u ON true
  CROSS JOIN LATERAL (SELECT COALESCE((SELECT id FROM events WHERE deployment_id = d.id ORDER BY id DESC LIMIT 1), 0) AS id) AS e
  LEFT JOIN LATERAL (SELECT string_agg(id || ' ' || tag, ';') AS tags FROM (
    SELECT r.id, ${tagColumn} FROM node_roles r ${lastAttempt}
    WHERE e.id <> ${unless}::bigint AND r.deployment_id = d.id AND ${which}) AS t) AS f ON true`;

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
  /** Of all living ones, what does not change before the next run. */
  livingKeys: (deploymentId: string): Promise<readonly NodeRoleKeyRow[]> =>
    reader.prepared<NodeRoleKeyRow>(livingKeys, [deploymentId]),
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
  /** By the name of its deployment and its id or, while it is not removed, its key: one question. Null when it takes `find` to know. */
  async look(deployment: string, idOrKey: string): Promise<NodeRoleLook | null> {
    const sql = isUuid(idOrKey) ? lookById : lookByKey;
    const [found] = await reader.prepared<NodeRoleRecord & { startedAt: Date | null; endedAt: Date | null }>(sql, [
      deployment,
      idOrKey,
    ]);
    if (found === undefined) return null;
    const { startedAt, endedAt, ...row } = found;
    return { row, attempt: startedAt === null ? null : { startedAt, endedAt } };
  },
  /** Which one `look` finds, and how new it is. */
  async tag(deployment: string, idOrKey: string): Promise<VersionedTag | null> {
    const sql = isUuid(idOrKey) ? tagById : tagByKey;
    return (await reader.prepared<VersionedTag>(sql, [deployment, idOrKey]))[0] ?? null;
  },
  /** By the name of the deployment; null when there is none. Removed ones are never among them. */
  async tags(
    deployment: string,
    which: {
      /** Only of these; null for all. */
      readonly ids: readonly string[] | null;
      readonly states?: readonly string[];
      readonly runId?: string;
      /** An event of the deployment: unless it is no longer the newest, nothing is looked up. */
      readonly unlessEvent?: string | undefined;
    },
    /** Of all that fit no more than this or a few more are given. */
    limit = 100,
  ): Promise<NodeRoleTags | null> {
    const where = conditions();
    where.value(deployment);
    const unless = where.value(which.unlessEvent ?? '-1');
    where.and(`r.state <> 'removed'`);
    if (which.ids !== null) where.and('r.id = ANY(?::uuid[])', which.ids);
    if (which.states !== undefined) where.and('r.state = ANY(?::text[])', which.states);
    if (which.runId !== undefined) where.and('r.run_id = ?::uuid', which.runId);
    const sql = tagsSql(which.ids === null ? `${where.sql()} LIMIT ${rowsOfPage(limit)}` : where.sql(), unless);
    const [found] = await reader.prepared<Omit<NodeRoleTags, 'tags'> & { readonly tags: string | null }>(
      sql,
      where.values(),
    );
    if (found === undefined) return null;
    if (found.tags === null) return { ...found, tags: null };
    return { ...found, tags: found.tags === '' ? [] : found.tags.split(';').map(tagOf) };
  },
  /** What instances of a role were last applied with; those never applied are left out. */
  applied: (
    deploymentId: string,
    role: string,
  ): Promise<readonly { readonly key: string; readonly node: string | null; readonly applied: Applied }[]> =>
    reader.query(appliedOf, [deploymentId, role]),
});

/** An id, a space, a tag. */
const tagOf = (text: string): RowTag => ({ id: text.slice(0, idLength), tag: text.slice(idLength + 1) });
const idLength = 36;
