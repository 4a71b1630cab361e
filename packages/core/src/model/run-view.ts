/** Mirrors packages/workflows/src/engine/run-view.ts: a run as the scheduler remembers it between its passes. */
import { remainingPathMs } from '../critical-path.ts';
import type { WorkVertex } from '../graph.ts';
import type { Bindings } from '../graph/binding.ts';
import { indexContent, type ContentIndex } from '../graph/content-index.ts';
import { createSchedule, type Schedule, type Standing } from '../schedule.ts';
import { bindRun } from './planning.ts';
import type { Rules } from './rules.ts';
import type { SmallContent } from './small-content.ts';
import { livingNodes, livingRows, type Deployment, type NodeRecord, type Row, type Run, type Store } from './store.ts';

export interface RunView {
  readonly run: Run;
  readonly index: ContentIndex;
  readonly bindings: Bindings | null;
  deployment: Deployment;
  nodes: ReadonlyMap<string, NodeRecord>;
  readonly rows: Map<string, Row>;
  readonly vertices: ReadonlyMap<string, WorkVertex>;
  readonly verticesOf: ReadonlyMap<string, WorkVertex>;
  readonly schedule: Schedule;
  readonly remainingMs: ReadonlyMap<string, number>;
}

export function loadRunView(store: Store, rules: Rules, content: SmallContent, run: Run): RunView {
  const rows = new Map(livingRows(store).map((row) => [row.key, row]));
  const vertices = run.plan.graph.vertices.filter((vertex) => vertex.kind === 'node-role');
  const standings = new Map(
    vertices.map((vertex) => [vertex.key, standingOf(rules, vertex, rows.get(vertex.nodeRole) ?? null, run)]),
  );
  return {
    run,
    index: indexContent(content.content),
    bindings: bindRun(store, content, run.spec, run.plan.purpose),
    deployment: store.deployment,
    nodes: nodesOf(store),
    rows,
    vertices: new Map(vertices.map((vertex) => [vertex.key, vertex])),
    verticesOf: new Map(vertices.map((vertex) => [vertex.nodeRole, vertex])),
    schedule: createSchedule(run.plan.graph, standings),
    remainingMs: remainingPathMs(run.plan.graph, () => 5_000),
  };
}

export const nodesOf = (store: Store): ReadonlyMap<string, NodeRecord> =>
  new Map(livingNodes(store).map((node) => [node.id, node]));

/** Where a vertex stands, by its row. */
function standingOf(rules: Rules, vertex: WorkVertex, row: Row | null, run: Pick<Run, 'id'>): Standing {
  if (vertex.purpose !== 'apply') {
    if (row === null || row.state.state === 'removed') return 'ok';
    if (row.state.state === 'skipped') return 'skipped';
    if (row.state.state !== 'removing') return 'pending';
    return row.state.work.phase === 'failed' && row.state.work.retryAtMs === null ? 'failed' : 'pending';
  }
  if (row === null) return 'pending';
  const { state } = row;
  if (rules.endsAreSeen) {
    if (state.state === 'removed') return 'failed';
    if (state.state === 'skipped') return 'skipped';
  }
  if (rules.carriedIsJudged && row.runId === run.id && row.pending?.carriedAttempt === row.attempt) return 'pending';
  switch (state.state) {
    case 'active':
      return 'ok';
    case 'skipped':
      return 'skipped';
    case 'removed':
      return 'failed';
    case 'failed':
      return state.retryAtMs === null ? 'failed' : 'pending';
    default:
      return 'pending';
  }
}

/** Takes newer rows in. */
export function refreshRows(rules: Rules, view: RunView, rows: readonly Row[]): void {
  for (const row of rows) {
    const known = view.rows.get(row.key);
    if (known !== undefined && known.id === row.id && known.version > row.version) continue;
    if (known !== undefined && known.id !== row.id && row.state.state === 'removed') continue;
    view.rows.set(row.key, row);
    const vertex = view.verticesOf.get(row.key);
    if (vertex !== undefined) view.schedule.settle(vertex.key, standingOf(rules, vertex, row, view.run));
  }
}

export const isOpen = (rules: Rules, view: RunView, vertexKey: string): boolean =>
  !rules.graphHolds || view.schedule.isEligible(vertexKey);
