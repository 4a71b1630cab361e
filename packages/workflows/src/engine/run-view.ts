import {
  type Bindings,
  type ContentIndex,
  createSchedule,
  FormworkError,
  remainingPathMs,
  type Schedule,
  type SiteView,
  type Specification,
  type Standing,
  type WorkVertex,
} from '@formwork/core';
import {
  type Database,
  type DeploymentRow,
  type FullNodeRoleRow,
  type NodeRow,
  readDeployment,
  readNodeRoles,
  readNodes,
  readPlanGraph,
  readPlanHead,
  readRoleDurations,
  readSites,
  readSpecification,
  type RunRow,
  type SiteRow,
  whoOf,
} from '@formwork/db';
import { bindRun } from './bind-run.ts';
import type { ContentStore } from './content-store.ts';
import { createProgress, type RunProgress, trackRow } from './run-progress.ts';

/** How long a role that never ran is thought to take, for the critical path. */
const unknownDurationMs = 5_000;

/**
 * A run as the scheduler sees it: immutable graph and bindings; rows and progress that follow the events. It can
 * be thrown away and read again at any time.
 */
export interface RunView {
  readonly run: RunRow;
  deployment: DeploymentRow;
  readonly spec: Specification;
  readonly index: ContentIndex;
  readonly bindings: Bindings | null;
  readonly sites: ReadonlyMap<string, SiteRow>;
  readonly nodes: Map<string, NodeRow>;
  /** Living node-roles by key, and those this run has removed. */
  readonly rows: Map<string, FullNodeRoleRow>;
  readonly vertices: ReadonlyMap<string, WorkVertex>;
  /** The vertex of a node-role's key. */
  readonly verticesOf: ReadonlyMap<string, WorkVertex>;
  readonly schedule: Schedule;
  readonly progress: RunProgress;
  readonly remainingMs: ReadonlyMap<string, number>;
}

/** A site as the plan needs it; `capabilities` come from the provider's stage one. */
export type SiteViewOf = (site: SiteRow) => SiteView;

export interface RunViewDeps {
  readonly db: Database;
  readonly content: ContentStore;
  readonly siteView: SiteViewOf;
}

export async function loadRunView(deps: RunViewDeps, run: RunRow): Promise<RunView> {
  const { db } = deps;
  const [deployment, planned, graph, nodes, rows, sites, durations] = await Promise.all([
    readDeployment(db, run.deploymentId),
    readPlanHead(db, run.planId),
    readPlanGraph(db, run.planId),
    readNodes(db, run.deploymentId),
    readNodeRoles(db, run.deploymentId),
    readSites(db),
    readRoleDurations(db),
  ]);
  if (deployment === null || planned === null || graph === null) {
    throw new FormworkError('not-found', 'run-gone', 'the deployment or the plan of this run is gone');
  }
  const specification = await readSpecification(db, run.deploymentId, planned.specificationVersion);
  if (specification === null) {
    throw new FormworkError('not-found', 'run-gone', 'the specification of this run is gone');
  }
  const { content, index } = await deps.content.content(specification.packs);
  const actual = whoOf({ deployment, nodes, nodeRoles: rows });
  const bindings = bindRun({
    plan: planned,
    spec: specification.document,
    content,
    sites: sites.map(deps.siteView),
    actual,
  });
  const vertices = graph.vertices.filter((vertex) => vertex.kind === 'node-role');
  const byKey = new Map(rows.map((row) => [row.key, row]));
  const durationOf = (vertex: WorkVertex | undefined): number =>
    vertex === undefined ? 0 : (durations.get(vertex.role) ?? unknownDurationMs);
  const vertexByKey = new Map(vertices.map((vertex) => [vertex.key, vertex]));
  const standings = new Map(
    vertices.map((vertex) => [vertex.key, standingOf(vertex, byKey.get(vertex.nodeRole) ?? null, run)]),
  );
  return {
    run,
    deployment,
    spec: specification.document,
    index,
    bindings,
    sites: new Map(sites.map((site) => [site.id, site])),
    nodes: new Map(nodes.map((node) => [node.id, node])),
    rows: byKey,
    vertices: vertexByKey,
    verticesOf: new Map(vertices.map((vertex) => [vertex.nodeRole, vertex])),
    schedule: createSchedule(graph, standings),
    progress: createProgress(rows),
    remainingMs: remainingPathMs(graph, (key) => durationOf(vertexByKey.get(key))),
  };
}

/** Where a vertex stands, by its row. A row that is gone has been removed: done for what takes away. */
function standingOf(vertex: WorkVertex, row: FullNodeRoleRow | null, run: Pick<RunRow, 'id'>): Standing {
  if (vertex.purpose !== 'apply') {
    if (row === null || row.state.state === 'removed') return 'ok';
    if (row.state.state === 'skipped') return 'skipped';
    if (row.state.state !== 'removing') return 'pending';
    return row.state.work.phase === 'failed' && row.state.work.retryAtMs === null ? 'failed' : 'pending';
  }
  if (row === null) return 'pending';
  // A removal that was under way when it was wanted again has come to its end: the next plan makes it anew.
  if (row.state.state === 'removed') return 'failed';
  if (row.state.state === 'skipped') return 'skipped';
  // What was carried over from the former run is judged before it counts.
  if (row.runId === run.id && row.pending?.carriedAttempt === row.attempt) return 'pending';
  switch (row.state.state) {
    case 'active':
      return 'ok';
    case 'failed':
      return row.state.retryAtMs === null ? 'failed' : 'pending';
    default:
      return 'pending';
  }
}

/** Takes newer rows in: what they let go on is judged with the next pass. */
export function refreshRows(view: RunView, rows: readonly FullNodeRoleRow[]): void {
  for (const row of rows) {
    const known = view.rows.get(row.key) ?? null;
    if (known !== null && known.id === row.id && known.version > row.version) continue;
    if (known !== null && known.id !== row.id && row.state.state === 'removed') continue;
    view.rows.set(row.key, row);
    trackRow(view.progress, known, row);
    const vertex = view.verticesOf.get(row.key);
    if (vertex === undefined) continue;
    for (const opened of view.schedule.settle(vertex.key, standingOf(vertex, row, view.run)).opened) {
      const nodeRole = view.vertices.get(opened)?.nodeRole;
      if (nodeRole !== undefined) view.progress.dirty.add(nodeRole);
    }
  }
}
