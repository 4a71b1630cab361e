import type { Specification } from '@formwork/core';
import { conditions } from './conditions.ts';
import { keptCounts } from './deployment-counts.ts';
import { keptSpecifications, type StoredSpecification } from './kept-specifications.ts';
import { isUuid, nameAndId, nameAndIdAfter, type Page, type PageRequest, rowsOfPage, toPage } from './page.ts';
import type { Reader } from './reader.ts';
import { type RowTag, rowTag, type VersionedTag } from './row-tag.ts';

/** A deployment with what lists and pages about it show. */
export interface DeploymentRecord {
  readonly id: string;
  readonly name: string;
  readonly state: 'new' | 'running' | 'active' | 'failed' | 'destroying' | 'destroyed';
  readonly paused: boolean;
  readonly committedVersion: number;
  readonly proposedVersion: number;
  /** Committed, else the latest proposed. */
  readonly specification: Specification | null;
  /** The packs pinned for it. */
  readonly packs: Readonly<Record<string, string>>;
  readonly openPlan: string | null;
  readonly liveRun: string | null;
  readonly lastRun: string | null;
  /** The plan that the last run executes. */
  readonly lastRunPlan: string | null;
  readonly nodes: number;
  readonly nodeRoles: Readonly<Record<string, number>>;
  /** How many resources the last leak check found; null when there was none. */
  readonly leaks: number | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Another one whenever anything here is another: plans, runs, nodes and node-roles do not change without an event. */
  readonly tag: string;
}

interface Row extends Omit<DeploymentRecord, 'specification' | 'packs' | 'nodes' | 'nodeRoles' | 'liveRun'> {
  readonly lastRunState: string | null;
  readonly newestEvent: string;
}

const newestEvent = 'COALESCE((SELECT id FROM events WHERE deployment_id = d.id ORDER BY id DESC LIMIT 1), 0)';
/** Plan and run are looked up by index for each row; what has to be counted is not in it. */
const columns = `d.id, d.name, d.state, d.paused, d.committed_version AS "committedVersion", d.proposed_version AS "proposedVersion",
  (SELECT id FROM plans WHERE deployment_id = d.id AND state = 'open' ORDER BY created_at DESC LIMIT 1) AS "openPlan",
  r.id AS "lastRun", r.plan_id AS "lastRunPlan", r.state AS "lastRunState",
  CASE jsonb_typeof(d.leaks) WHEN 'array' THEN jsonb_array_length(d.leaks) END AS leaks,
  ${rowTag('d')} AS tag, d.version, d.created_at AS "createdAt", d.updated_at AS "updatedAt",
  ${newestEvent} AS "newestEvent"`;
const lastRun = `LEFT JOIN LATERAL (SELECT id, plan_id, state FROM runs WHERE deployment_id = d.id ORDER BY started_at DESC LIMIT 1) AS r ON true`;
const named = `(SELECT *, xmin, ctid FROM deployments WHERE name = $1 ORDER BY state = 'destroyed', created_at DESC LIMIT 1) AS d`;
const byName = `SELECT ${columns} FROM ${named} ${lastRun}`;
/** As `DeploymentRecord` has it. */
const tagColumn = `${rowTag('d')} || ' ' || ${newestEvent} AS tag`;
const tagByName = `SELECT d.id, ${tagColumn}, d.version FROM ${named}`;
const byIds = `SELECT ${columns} FROM deployments d ${lastRun} WHERE d.id = ANY($1::uuid[])`;
const byId = `SELECT ${columns} FROM deployments d ${lastRun} WHERE d.id = $1`;

export const deploymentInventory = (reader: Reader) => {
  const specifications = keptSpecifications(reader);
  const counts = keptCounts(reader);
  const describe = async (rows: readonly Row[]): Promise<readonly DeploymentRecord[]> => {
    const [documents, counted] = await Promise.all([
      specifications.of(rows.map((row) => ({ id: row.id, version: row.committedVersion || row.proposedVersion }))),
      counts.of(rows),
    ]);
    return rows.map(({ lastRunState, newestEvent, ...row }): DeploymentRecord => {
      const stored = documents.get(row.id);
      return {
        ...row,
        tag: `${row.tag} ${newestEvent}`,
        specification: stored?.document ?? null,
        packs: stored?.packs ?? {},
        liveRun: lastRunState === 'running' ? row.lastRun : null,
        nodes: counted.get(row.id)?.nodes ?? 0,
        nodeRoles: counted.get(row.id)?.nodeRoles ?? {},
      };
    });
  };
  const one = async (rows: readonly Row[]): Promise<DeploymentRecord | null> => (await describe(rows))[0] ?? null;
  return {
    /** A page of which deployments there are and how new they are; `byIds` reads them. */
    async list(
      query: PageRequest & {
        /** Destroyed ones only when they are named here. */
        readonly states?: readonly string[];
        readonly paused?: boolean;
        readonly workflow?: string;
        /** Null for all. */
        readonly ids: readonly string[] | null;
      },
    ): Promise<Page<RowTag>> {
      const where = conditions();
      if (query.states === undefined) where.and(`d.state <> 'destroyed'`);
      else where.and('d.state = ANY(?::text[])', query.states);
      if (query.paused !== undefined) where.and('d.paused = ?', query.paused);
      if (query.ids !== null) where.and('d.id = ANY(?::uuid[])', query.ids);
      if (query.workflow !== undefined) where.and(ofWorkflow, query.workflow);
      const after = nameAndIdAfter(query.after);
      if (after !== null) where.and('(d.name, d.id) > (?, ?::uuid)', ...after);
      const sql = `SELECT d.id, d.name, ${tagColumn} FROM deployments d
        WHERE ${where.sql()} ORDER BY d.name, d.id LIMIT ${rowsOfPage(query.limit)}`;
      return toPage(
        await reader.prepared<RowTag & { readonly name: string }>(sql, where.values()),
        query.limit,
        nameAndId,
      );
    },
    /** Those of them that are there, in no order. */
    byIds: async (ids: readonly string[]): Promise<readonly DeploymentRecord[]> =>
      describe(await reader.query<Row>(byIds, [ids])),
    /** The living one of that name, else the last that was destroyed. */
    byName: async (name: string): Promise<DeploymentRecord | null> => one(await reader.prepared<Row>(byName, [name])),
    /** Which one `byName` finds, and how new it is. */
    async tag(name: string): Promise<VersionedTag | null> {
      return (await reader.prepared<VersionedTag>(tagByName, [name]))[0] ?? null;
    },
    async byId(id: string): Promise<DeploymentRecord | null> {
      return isUuid(id) ? one(await reader.prepared<Row>(byId, [id])) : null;
    },
    /** What was specified in a version of it; null when there is no such version. */
    async specification(id: string, version: number): Promise<StoredSpecification | null> {
      return (await specifications.of([{ id, version }])).get(id) ?? null;
    },
    /** Of every deployment there ever was. */
    names: (): Promise<readonly { readonly id: string; readonly name: string }[]> =>
      reader.prepared('SELECT id, name FROM deployments', []),
    async idsByName(name: string): Promise<readonly string[]> {
      const sql = 'SELECT id FROM deployments WHERE name = $1';
      return (await reader.prepared<{ id: string }>(sql, [name])).map((row) => row.id);
    },
    /** Sites its nodes are or were on, and those the specification names, by name. */
    async siteIds(id: string): Promise<readonly string[]> {
      const sql = `
        SELECT s.id FROM sites s WHERE s.id IN (SELECT site_id FROM nodes WHERE deployment_id = $1::uuid)
          OR s.name IN (SELECT g->>'site' FROM specification_versions v JOIN deployments d ON d.id = v.deployment_id
            AND v.version = d.committed_version, jsonb_array_elements(v.document->'groups') AS g WHERE d.id = $1::uuid)
        ORDER BY s.name`;
      const rows = await reader.query<{ id: string }>(sql, [id]);
      return rows.map((row) => row.id);
    },
  };
};

const ofWorkflow = `EXISTS (SELECT 1 FROM specification_versions s WHERE s.deployment_id = d.id
  AND s.version = CASE WHEN d.committed_version > 0 THEN d.committed_version ELSE d.proposed_version END
  AND s.document->>'workflow' = ?)`;
