/** What a graph means, vertex by vertex, without any counter: what schedule and judgement must agree with. */
import type { Edge, Graph, Vertex } from '../graph.ts';
import { hashInputs } from '../inputs.ts';
import { type GraphParents, type House, frameOf } from './house.ts';
import { gatherInputs } from './planning.ts';
import type { Row, Run } from './store.ts';

function graphParents(graph: Graph): GraphParents {
  const parents = new Map<string, Edge[]>();
  for (const edge of graph.edges) {
    const known = parents.get(edge.to);
    if (known === undefined) parents.set(edge.to, [edge]);
    else known.push(edge);
  }
  return { vertices: new Map(graph.vertices.map((vertex) => [vertex.key, vertex])), parents };
}

interface Meaning {
  readonly satisfied: boolean;
  /** Nothing left that could still run. */
  readonly through: boolean;
  /** Will not be satisfied without somebody's help. */
  readonly lost: boolean;
}

/** Whether all hard parents are there, and all order parents through, by these rows. */
export function parentsOf(
  house: House,
  run: Run,
  vertexKey: string,
  rowOf: (key: string) => Row | null,
): { readonly hard: boolean; readonly order: boolean } {
  const known = house.graphs.get(run.id) ?? graphParents(run.plan.graph);
  house.graphs.set(run.id, known);
  const meanings = new Map<string, Meaning>();
  const meaningOf = (key: string): Meaning => {
    const found = meanings.get(key);
    if (found !== undefined) return found;
    const meaning = mean(key);
    meanings.set(key, meaning);
    return meaning;
  };
  const mean = (key: string): Meaning => {
    const vertex = known.vertices.get(key);
    const edges = known.parents.get(key) ?? [];
    const hard = edges.filter((edge) => edge.kind === 'hard').map((edge) => meaningOf(edge.from));
    const order = edges.filter((edge) => edge.kind === 'order').map((edge) => meaningOf(edge.from));
    const needs = vertex?.kind === 'gate' && vertex.min !== null ? Math.min(vertex.min, hard.length) : hard.length;
    const have = hard.filter((one) => one.satisfied).length;
    const open = have >= needs && order.every((one) => one.through);
    const dead = hard.filter((one) => one.lost).length > hard.length - needs && !(vertex?.kind === 'gate' && open);
    if (vertex?.kind === 'gate') return { satisfied: open, through: open || dead, lost: dead };
    const end = endOf(house, run, vertex, vertex === undefined ? null : rowOf(vertex.nodeRole));
    if (end === 'ok') return { satisfied: true, through: true, lost: dead };
    return { satisfied: false, through: end === 'given-up' || dead, lost: end === 'given-up' || dead };
  };
  const edges = known.parents.get(vertexKey) ?? [];
  return {
    hard: edges.every((edge) => edge.kind === 'order' || meaningOf(edge.from).satisfied),
    order: edges.every((edge) => edge.kind === 'hard' || meaningOf(edge.from).through),
  };
}

function endOf(
  house: House,
  run: Run,
  vertex: Exclude<Vertex, { kind: 'gate' }> | undefined,
  row: Row | null,
): 'ok' | 'given-up' | 'pending' {
  if (vertex === undefined) return 'pending';
  if (vertex.purpose !== 'apply') {
    if (row === null || row.state.state === 'removed') return 'ok';
    if (row.state.state === 'skipped') return 'given-up';
    const givenUp =
      row.state.state === 'removing' && row.state.work.phase === 'failed' && row.state.work.retryAtMs === null;
    return givenUp ? 'given-up' : 'pending';
  }
  if (row === null) return 'pending';
  const { state } = row;
  switch (state.state) {
    case 'active':
      return isCurrent(house, run, row) ? 'ok' : 'pending';
    case 'skipped':
    case 'removed':
      return 'given-up';
    case 'failed':
      return state.retryAtMs === null && !isCarried(run, row) ? 'given-up' : 'pending';
    default:
      return 'pending';
  }
}

const isCarried = (run: Run, row: Row): boolean => row.runId === run.id && row.pending?.carriedAttempt === row.attempt;

/** Active, verified, and with the hash that this run's graph gives it now. */
function isCurrent(house: House, run: Run, row: Row): boolean {
  if (row.applied?.clean !== true) return false;
  const bindings = frameOf(house)(run);
  const binding = bindings?.byKey.get(row.key);
  if (bindings === null || binding === undefined) return true;
  const byKey = new Map(
    [...house.store.rows.values()].flatMap((one) => (one.state.state === 'removed' ? [] : [[one.key, one] as const])),
  );
  const facts = row.nodeId === null ? {} : (house.store.nodes.get(row.nodeId)?.facts ?? {});
  const { inputs, missing } = gatherInputs(bindings, binding, {
    row: (key) => byKey.get(key) ?? null,
    facts: () => facts,
  });
  return missing.length > 0 || hashInputs(binding.role.digest, inputs) === row.applied.inputHash;
}
