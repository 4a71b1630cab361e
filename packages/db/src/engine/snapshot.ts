import {
  type Actual,
  type ActualNode,
  type Catalogue,
  type Facts,
  type Graph,
  type Json,
  type NodeState,
  type Pack,
  type Plan,
  type SizeRequest,
  type Specification,
} from '@formwork/core';
import type { Database } from '../database.ts';
import { planVersion } from './approve.ts';
import {
  type FullColumns,
  fullNodeRoleColumns,
  type FullNodeRoleRow,
  type NodeRoleRow,
  parseFullNodeRole,
} from './node-role-row.ts';

/** A machine as the engine needs it. */
export interface NodeRow {
  readonly id: string;
  readonly name: string;
  readonly deploymentId: string | null;
  readonly siteId: string;
  readonly site: string;
  readonly provider: string;
  readonly group: string;
  readonly ordinal: number;
  readonly state: NodeState;
  readonly origin: 'created' | 'adopted' | 'pooled';
  readonly lost: boolean;
  readonly locked: boolean;
  readonly maintenance: boolean;
  readonly image: string | null;
  readonly size: SizeRequest | string | null;
  readonly capabilities: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly facts: Facts;
  readonly host: string | null;
  readonly port: number | null;
  readonly sshUser: string | null;
  readonly hostKey: string | null;
  readonly providerId: string | null;
  readonly incarnation: number;
  readonly candidate: number;
  readonly message: string | null;
  readonly version: number;
}

export interface SiteRow {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  readonly configuration: Json;
  readonly params: Readonly<Record<string, Json>>;
  readonly credentials: string | null;
  readonly maxNodes: number | null;
  readonly maxCreates: number;
  readonly catalogue: Catalogue | null;
  readonly version: number;
}

export interface DeploymentRow {
  readonly id: string;
  readonly name: string;
  readonly state: 'new' | 'running' | 'active' | 'failed' | 'destroying' | 'destroyed';
  readonly proposedVersion: number;
  readonly committedVersion: number;
  readonly paused: boolean;
  readonly priority: number;
  readonly founders: Readonly<Record<string, readonly string[]>>;
  readonly once: Readonly<Record<string, string>>;
  readonly sshPublicKey: string | null;
  readonly sshPrivateKey: string | null;
  readonly leaks: Json;
  readonly version: number;
}

export interface RunRow {
  readonly id: string;
  readonly deploymentId: string;
  readonly planId: string;
  readonly purpose: 'apply' | 'destroy' | 'task';
  readonly state: 'running' | 'succeeded' | 'failed' | 'cancelled' | 'superseded';
  readonly params: Readonly<Record<string, Json>> | null;
  readonly startedAt: Date;
}

type Reader = Pick<Database, 'query'>;

const nodeColumns = `n.id, n.name, n.deployment_id AS "deploymentId", n.site_id AS "siteId", s.name AS site, s.provider, n.group_name AS "group",
  n.ordinal, n.state, n.origin, n.lost, n.locked, n.maintenance, n.image, n.size, n.capabilities, n.labels, n.facts, n.host, n.port,
  n.ssh_user AS "sshUser", n.host_key AS "hostKey", n.provider_id AS "providerId", n.incarnation, n.candidate, n.message, n.version`;

export async function readNodes(db: Reader, deploymentId: string): Promise<readonly NodeRow[]> {
  return db.query<NodeRow>(
    `SELECT ${nodeColumns} FROM nodes n JOIN sites s ON s.id = n.site_id
     WHERE n.deployment_id = $1 AND n.state <> 'destroyed' ORDER BY n.group_name, n.ordinal`,
    [deploymentId],
  );
}

/** Machines of a site that are there to be looked at. */
export async function readSiteNodes(db: Reader, siteId: string): Promise<readonly NodeRow[]> {
  return db.query<NodeRow>(
    `SELECT ${nodeColumns} FROM nodes n JOIN sites s ON s.id = n.site_id WHERE n.site_id = $1 AND n.state IN ('ready', 'unreachable') ORDER BY n.name`,
    [siteId],
  );
}

export async function readNodesById(db: Reader, ids: readonly string[]): Promise<readonly NodeRow[]> {
  if (ids.length === 0) return [];
  return db.query<NodeRow>(
    `SELECT ${nodeColumns} FROM nodes n JOIN sites s ON s.id = n.site_id WHERE n.id = ANY($1::uuid[])`,
    [ids],
  );
}

/** The machines that these node-roles are on. */
export async function readNodesUnder(db: Reader, nodeRoleIds: readonly string[]): Promise<readonly NodeRow[]> {
  return db.query<NodeRow>(
    `SELECT ${nodeColumns} FROM nodes n JOIN sites s ON s.id = n.site_id
     WHERE n.id IN (SELECT node_id FROM node_roles WHERE id = ANY($1::uuid[]))`,
    [nodeRoleIds],
  );
}

export async function readNode(db: Reader, id: string): Promise<NodeRow | null> {
  const [row] = await db.query<NodeRow>(
    `SELECT ${nodeColumns} FROM nodes n JOIN sites s ON s.id = n.site_id WHERE n.id = $1`,
    [id],
  );
  return row ?? null;
}

const siteColumns = `id, name, provider, configuration, params, credentials, max_nodes AS "maxNodes", max_creates AS "maxCreates",
  catalogue, version`;

export async function readSites(db: Reader): Promise<readonly SiteRow[]> {
  return db.query<SiteRow>(`SELECT ${siteColumns} FROM sites ORDER BY name`);
}

export async function readSite(db: Reader, id: string): Promise<SiteRow | null> {
  const [row] = await db.query<SiteRow>(`SELECT ${siteColumns} FROM sites WHERE id = $1`, [id]);
  return row ?? null;
}

const deploymentColumns = `id, name, state, proposed_version AS "proposedVersion", committed_version AS "committedVersion", paused, priority,
  founders, once, ssh_public_key AS "sshPublicKey", ssh_private_key AS "sshPrivateKey", leaks, version`;

export async function readDeployment(db: Reader, id: string): Promise<DeploymentRow | null> {
  const [row] = await db.query<DeploymentRow>(`SELECT ${deploymentColumns} FROM deployments WHERE id = $1`, [id]);
  return row ?? null;
}

/** The living deployment of that name; a destroyed one's name is free again. */
export async function readDeploymentByName(db: Reader, name: string): Promise<DeploymentRow | null> {
  const [row] = await db.query<DeploymentRow>(
    `SELECT ${deploymentColumns} FROM deployments WHERE name = $1 AND state <> 'destroyed'`,
    [name],
  );
  return row ?? null;
}

export interface SpecificationRow {
  readonly version: number;
  readonly document: Specification;
  /** Pinned pack versions by name. */
  readonly packs: Readonly<Record<string, string>>;
  readonly digest: string;
}

export async function readSpecification(
  db: Reader,
  deploymentId: string,
  version: number,
): Promise<SpecificationRow | null> {
  const [row] = await db.query<SpecificationRow>(
    'SELECT version, document, packs, digest FROM specification_versions WHERE deployment_id = $1 AND version = $2',
    [deploymentId, version],
  );
  return row ?? null;
}

export async function readPacks(db: Reader, pins: Readonly<Record<string, string>> | null): Promise<readonly Pack[]> {
  const rows = await db.query<{ document: Pack }>(
    pins === null
      ? 'SELECT document FROM packs ORDER BY name, version'
      : `SELECT p.document FROM packs p JOIN jsonb_each_text($1::jsonb) AS pin(name, version) ON pin.name = p.name AND pin.version = p.version ORDER BY p.name`,
    pins === null ? [] : [JSON.stringify(pins)],
  );
  return rows.map((row) => row.document);
}

export async function readNodeRoles(db: Reader, deploymentId: string): Promise<readonly FullNodeRoleRow[]> {
  const rows = await db.query<FullColumns>(
    `SELECT ${fullNodeRoleColumns} FROM node_roles n WHERE n.deployment_id = $1 AND n.state <> 'removed' ORDER BY n.key`,
    [deploymentId],
  );
  return rows.map(parseFullNodeRole);
}

export async function readNodeRolesById(db: Reader, ids: readonly string[]): Promise<readonly FullNodeRoleRow[]> {
  const rows = await db.query<FullColumns>(
    `SELECT ${fullNodeRoleColumns} FROM node_roles n WHERE n.id = ANY($1::uuid[])`,
    [ids],
  );
  return rows.map(parseFullNodeRole);
}

/** Those of some roles alone: what a worker reads to gather the inputs of one node-role. */
export async function readNodeRolesOf(
  db: Reader,
  deploymentId: string,
  names: readonly string[],
): Promise<readonly FullNodeRoleRow[]> {
  const rows = await db.query<FullColumns>(
    `SELECT ${fullNodeRoleColumns} FROM node_roles n
     WHERE n.deployment_id = $1 AND n.state <> 'removed' AND (n.role = ANY($2) OR n."as" = ANY($2)) ORDER BY n.key`,
    [deploymentId, names],
  );
  return rows.map(parseFullNodeRole);
}

export async function readNodeRolesByKey(
  db: Reader,
  deploymentId: string,
  keys: readonly string[],
): Promise<readonly FullNodeRoleRow[]> {
  if (keys.length === 0) return [];
  const rows = await db.query<FullColumns>(
    `SELECT ${fullNodeRoleColumns} FROM node_roles n WHERE n.deployment_id = $1 AND n.state <> 'removed' AND n.key = ANY($2)`,
    [deploymentId, keys],
  );
  return rows.map(parseFullNodeRole);
}

export async function readRun(db: Reader, id: string): Promise<RunRow | null> {
  const [row] = await db.query<RunRow>(
    `SELECT id, deployment_id AS "deploymentId", plan_id AS "planId", purpose, state, params, started_at AS "startedAt" FROM runs WHERE id = $1`,
    [id],
  );
  return row ?? null;
}

export async function readLiveRuns(db: Reader): Promise<readonly RunRow[]> {
  return db.query<RunRow>(
    `SELECT id, deployment_id AS "deploymentId", plan_id AS "planId", purpose, state, params, started_at AS "startedAt"
     FROM runs WHERE state = 'running' ORDER BY started_at`,
  );
}

export async function readLastRun(db: Reader, deploymentId: string): Promise<RunRow | null> {
  const [row] = await db.query<RunRow>(
    `SELECT id, deployment_id AS "deploymentId", plan_id AS "planId", purpose, state, params, started_at AS "startedAt"
     FROM runs WHERE deployment_id = $1 ORDER BY started_at DESC LIMIT 1`,
    [deploymentId],
  );
  return row ?? null;
}

/** A plan without what it is made of; of a task also its actions, which say what it binds. */
export interface PlanHead {
  readonly id: string;
  readonly deploymentId: string;
  readonly purpose: Plan['purpose'];
  readonly specificationVersion: number;
  readonly taskActions: Plan['actions'];
}

export async function readPlanHead(db: Reader, planId: string): Promise<PlanHead | null> {
  const [row] = await db.query<PlanHead>(
    `SELECT id, deployment_id AS "deploymentId", purpose, specification_version AS "specificationVersion",
       CASE WHEN purpose = 'task' THEN document->'actions' ELSE '[]' END AS "taskActions"
     FROM plans WHERE id = $1`,
    [planId],
  );
  return row ?? null;
}

/** The graph of a plan; with thousands of nodes it is long, and so is the rest of the plan, which stays where it is. */
export async function readPlanGraph(db: Reader, planId: string): Promise<Graph | null> {
  const [row] = await db.query<{ graph: Graph }>('SELECT graph FROM plans WHERE id = $1', [planId]);
  return row?.graph ?? null;
}

/** Recorded median durations of roles in a deployment's site kinds, milliseconds, for the critical path. */
export async function readRoleDurations(db: Reader): Promise<ReadonlyMap<string, number>> {
  const rows = await db.query<{ role: string; ms: number }>(
    `SELECT role, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS ms FROM (
       SELECT n.role, EXTRACT(EPOCH FROM a.ended_at - a.started_at)::float8 * 1000 AS ms
       FROM attempts a JOIN node_roles n ON n.id = a.node_role_id
       WHERE a.state = 'done' ORDER BY a.started_at DESC LIMIT 2000
     ) AS recent GROUP BY role`,
  );
  return new Map(rows.map((row) => [row.role, row.ms]));
}

/** Everything the plan compares the wish with. */
export async function readActual(db: Reader, deployment: DeploymentRow): Promise<Actual> {
  const [committed, nodes, nodeRoles, run] = await Promise.all([
    deployment.committedVersion === 0 ? null : readSpecification(db, deployment.id, deployment.committedVersion),
    readNodes(db, deployment.id),
    readNodeRoles(db, deployment.id),
    readLastRun(db, deployment.id),
  ]);
  return actualOf({
    deployment,
    committed: committed?.document ?? null,
    nodes,
    nodeRoles,
    runIsLive: run?.state === 'running',
  });
}

/** Who is there and who founded, without what was applied to them: enough to bind a run that is under way. */
export async function readWho(db: Reader, deployment: DeploymentRow): Promise<Actual> {
  const [nodes, nodeRoles] = await Promise.all([
    readNodes(db, deployment.id),
    db.query<WhoRow>(
      `SELECT id, key, role, "as", node_id AS "nodeId", state_data AS state, founder, ever_started AS "everStarted", version
       FROM node_roles WHERE deployment_id = $1 AND state <> 'removed'`,
      [deployment.id],
    ),
  ]);
  return whoOf({ deployment, nodes, nodeRoles });
}

type WhoRow = Pick<
  NodeRoleRow,
  'id' | 'key' | 'role' | 'as' | 'nodeId' | 'state' | 'founder' | 'everStarted' | 'version'
>;

/** The same from rows that were read already. */
export const whoOf = (read: {
  readonly deployment: DeploymentRow;
  readonly nodes: readonly NodeRow[];
  readonly nodeRoles: readonly WhoRow[];
}): Actual => actualOf({ ...read, nodeRoles: read.nodeRoles.map(withoutApplied), committed: null, runIsLive: true });

const withoutApplied = (row: WhoRow): WhoRow & { readonly applied: null } => ({ ...row, applied: null });

/** The same from rows that were read already. */
function actualOf(read: {
  readonly deployment: DeploymentRow;
  readonly committed: Specification | null;
  readonly nodes: readonly NodeRow[];
  readonly nodeRoles: readonly (WhoRow & Pick<FullNodeRoleRow, 'applied'>)[];
  readonly runIsLive: boolean;
}): Actual {
  const { deployment, committed, nodes, nodeRoles, runIsLive } = read;
  const names = new Map(nodes.map((node) => [node.id, node.name]));
  return {
    committed,
    committedVersion: deployment.committedVersion,
    nodes: nodes.map((node): ActualNode => ({ ...node, version: planVersion(node.version, runIsLive) })),
    nodeRoles: nodeRoles.map((row) => ({
      id: row.id,
      key: row.key,
      role: row.role,
      as: row.as,
      node: row.nodeId === null ? null : (names.get(row.nodeId) ?? null),
      state: row.state,
      applied: row.applied,
      founder: row.founder,
      everStarted: row.everStarted,
      version: planVersion(row.version, runIsLive),
    })),
    founders: deployment.founders,
    once: deployment.once,
  };
}
