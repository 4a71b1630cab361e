import type { Actual } from '../actual.ts';
import type { Graph, Vertex } from '../graph.ts';
import { bindDeployment } from '../graph/bind-deployment.ts';
import type { Bindings } from '../graph/binding.ts';
import { buildGraph } from '../graph/build-graph.ts';
import { indexContent } from '../graph/content-index.ts';
import { sortTopologically } from '../graph/topology.ts';
import type { Plan, PlanAction } from '../plan.ts';
import type { Checked, Problem } from '../problem.ts';
import { decide, disruptionByNode, newDecisionState } from './decide.ts';
import { actionOrder } from './order.ts';
import { planDestroy } from './plan-destroy.ts';
import { countStaying } from './moving-nodes.ts';
import { machineRoleOf } from './plan-request.ts';
import type { PlanRequest } from './plan-request.ts';
import { preconditionOf } from './precondition.ts';
import { quorumProblems } from './quorum.ts';
import { removalAction } from './removal-action.ts';
import { findRemovals, isDead } from './removals.ts';
import type { Removal } from './removals.ts';
import { planWarnings } from './warnings.ts';

/**
 * The difference between what is wanted and what is there, as actions in an order that the graph allows. Pure: equal
 * arguments give equal plans, and an unchanged, fully active deployment gives no action. The specification must have
 * passed validation; what is refused here depends on what is there (quorum, a name still being destroyed) or on how
 * the content fits together (missing requirements, cycles).
 */
export function planDeployment(request: PlanRequest): Checked<Plan> {
  if (request.purpose === 'destroy') return planDestroy(request);
  const { wanted, actual, content, sites } = request;
  const index = indexContent(content);
  const { bindings, problems } = bindDeployment({ spec: wanted, content: index, sites, actual });
  if (bindings === null || problems.length > 0) return { ok: false, problems };
  const removals = findRemovals(
    { actual, index, workflow: bindings.workflow, spec: wanted, machineRole: machineRoleOf(sites) },
    bindings,
  );
  const refusals = [...quorumProblems(actual, index, wanted, removals), ...returningTooEarly(bindings, actual)];
  const graph = buildGraph(bindings, removals);
  if (!graph.ok) return { ok: false, problems: [...refusals, ...graph.problems] };
  if (refusals.length > 0) return { ok: false, problems: refusals };
  const actions = actionsOf(request, bindings, graph.value, removals);
  return {
    ok: true,
    value: {
      deployment: wanted.name,
      purpose: 'apply',
      actions,
      graph: graph.value,
      total: bindings.all.length,
      founders: bindings.made.founders,
      once: bindings.made.once,
      disruption: disruptionByNode(actions),
      precondition: preconditionOf(actual, actions),
      nodesStaying: countStaying(graph.value, actions),
      warnings: planWarnings(bindings, actual, actions),
    },
  };
}

function actionsOf(
  request: PlanRequest,
  bindings: Bindings,
  graph: Graph,
  removals: readonly Removal[],
): readonly PlanAction[] {
  const { actual, evaluate } = request;
  const dead = new Set(actual.nodes.filter(isDead).map((node) => node.name));
  const state = newDecisionState(bindings, actual, evaluate);
  const leaving = new Map(removals.map((removal) => [removal.vertex.key, removal]));
  return inOrder(graph, actionOrder(bindings.workflow, dead)).flatMap((vertex) => {
    const removal = leaving.get(vertex.key);
    if (removal !== undefined) return [removalAction(removal)];
    const binding = bindings.byKey.get(vertex.key);
    const action = binding === undefined ? null : decide(state, binding);
    return action === null ? [] : [action];
  });
}

function inOrder(graph: Graph, compare: (a: Vertex, b: Vertex) => number): readonly Vertex[] {
  const topology = sortTopologically(graph, compare);
  return topology.ok ? topology.order : [];
}

/** A name may come back only when the machine that had it is gone. */
function returningTooEarly(bindings: Bindings, actual: Actual): readonly Problem[] {
  const wanted = new Map(bindings.nodes.map(({ node }) => [node.name, node]));
  return actual.nodes.flatMap((node) => {
    const again = node.state === 'destroying' ? wanted.get(node.name) : undefined;
    if (again === undefined) return [];
    const path = `$.groups[${bindings.spec.groups.indexOf(again.group)}]`;
    const message = `${node.name} is wanted again while its former machine is still being destroyed`;
    return [{ code: 'node-being-destroyed', path, message, remedy: 'plan again when it is gone' }];
  });
}
