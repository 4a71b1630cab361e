import type { Graph } from '../graph.ts';
import type { PlanAction } from '../plan.ts';

/** Names of the nodes that come or go. */
export const movingNodes = (actions: readonly PlanAction[]): ReadonlySet<string> =>
  new Set(
    actions.flatMap(({ action, node }) =>
      node !== null && (action === 'create-node' || action === 'destroy-node') ? [node] : [],
    ),
  );

/** How many nodes of the graph neither come nor go. */
export function countStaying(graph: Graph, actions: readonly PlanAction[]): number {
  const moving = movingNodes(actions);
  const staying = new Set(
    graph.vertices.flatMap((vertex) =>
      vertex.kind === 'node-role' && vertex.node !== null && !moving.has(vertex.node) ? [vertex.node] : [],
    ),
  );
  return staying.size;
}
