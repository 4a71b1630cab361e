import { indexContent } from '../graph/content-index.ts';
import { finishDraft, newDraft } from '../graph/draft.ts';
import { addRemovalOrder } from '../graph/removal-edges.ts';
import { sortTopologically } from '../graph/topology.ts';
import type { Plan } from '../plan.ts';
import type { Checked } from '../problem.ts';
import { disruptionByNode } from './decide.ts';
import { actionOrder } from './order.ts';
import { machineRoleOf } from './plan-request.ts';
import type { PlanRequest } from './plan-request.ts';
import { preconditionOf } from './precondition.ts';
import { removalAction } from './removal-action.ts';
import { isDead, removalsOfAll } from './removals.ts';

/**
 * Destroys every node of a deployment. Nothing is removed on a machine that goes anyway, unless its role says
 * `removeOnDestroy`; the deployment's own node-roles need no work. Best effort: its edges only order. `total` counts the
 * node-roles that are there.
 */
export function planDestroy({ wanted, actual, content, sites }: PlanRequest): Checked<Plan> {
  const index = indexContent(content);
  const workflow = index.workflows.get(wanted.workflow) ?? null;
  const removals = removalsOfAll({ actual, index, workflow, spec: wanted, machineRole: machineRoleOf(sites) });
  const draft = newDraft();
  for (const { vertex } of removals) draft.vertices.set(vertex.key, vertex);
  addRemovalOrder(draft, removals, 'order');
  const graph = finishDraft(draft);
  const dead = new Set(actual.nodes.filter(isDead).map((node) => node.name));
  const topology = sortTopologically(graph, actionOrder(workflow, dead));
  if (!topology.ok) {
    const message = `these wait for each other to be removed: ${topology.cycle.join(' -> ')}`;
    return { ok: false, problems: [{ code: 'cycle', path: '$.workflow', message }] };
  }
  const byKey = new Map(removals.map((removal) => [removal.vertex.key, removal]));
  const actions = topology.order.flatMap((vertex) => {
    const removal = byKey.get(vertex.key);
    return removal === undefined ? [] : [removalAction(removal)];
  });
  return {
    ok: true,
    value: {
      deployment: wanted.name,
      purpose: 'destroy',
      actions,
      graph,
      total: actual.nodeRoles.length,
      founders: {},
      once: {},
      disruption: disruptionByNode(actions),
      precondition: preconditionOf(actual, actions),
      nodesStaying: 0,
      warnings: [],
    },
  };
}
