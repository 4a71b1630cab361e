import type { Graph } from '../graph.ts';
import type { Checked, Problem } from '../problem.ts';
import { distinct } from './distinct-problems.ts';
import type { Bindings } from './binding.ts';
import { finishDraft, newDraft } from './draft.ts';
import { addNeedsEdges } from './needs-edges.ts';
import { addRemovals } from './removal-edges.ts';
import type { RemovalStep } from './removal-edges.ts';
import { addAfterEdges, addRequiresEdges } from './same-node-edges.ts';
import { addStageEdges } from './stage-edges.ts';
import { sortTopologically } from './topology.ts';
import { addWorkVertices } from './work-vertices.ts';

/**
 * Bindings to graph, step by step. Every step works on what the roles say and only stamps its result per node, so that
 * vertices and edges grow with nodes plus roles' parents, never with pairs of nodes. A cycle is named, vertex by vertex.
 */
export function buildGraph(bindings: Bindings, removals: readonly RemovalStep[] = []): Checked<Graph> {
  const problems: Problem[] = [];
  const draft = newDraft();
  addWorkVertices(draft, bindings.all);
  addRequiresEdges(draft, bindings);
  addNeedsEdges(draft, bindings, problems);
  addAfterEdges(draft, bindings);
  addStageEdges(draft, bindings);
  addRemovals(draft, bindings, removals);
  const graph = finishDraft(draft);
  const topology = sortTopologically(graph);
  if (!topology.ok) problems.push(cycleProblem(topology.cycle));
  return problems.length === 0 ? { ok: true, value: graph } : { ok: false, problems: distinct(problems) };
}

function cycleProblem(cycle: readonly string[]): Problem {
  const [first] = cycle;
  return {
    code: 'cycle',
    path: '$.workflow',
    message: `these wait for each other: ${[...cycle, first].join(' -> ')}`,
    remedy: 'drop one of the requires, needs or after that make the circle, or move a role to another stage',
  };
}
