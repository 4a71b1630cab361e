import type { Actual } from '../actual.ts';
import type { Plan, PlanAction } from '../plan.ts';

/** Versions of what the actions name and that is there: if one has moved on since, the plan is to be made anew. */
export function preconditionOf(actual: Actual, actions: readonly PlanAction[]): Plan['precondition'] {
  const nodes = new Set(actions.flatMap((action) => action.node ?? []));
  const keys = new Set(actions.map((action) => action.nodeRole));
  return {
    committedVersion: actual.committedVersion,
    nodes: Object.fromEntries(
      actual.nodes.filter((node) => nodes.has(node.name)).map((node) => [node.name, node.version]),
    ),
    nodeRoles: Object.fromEntries(
      actual.nodeRoles.filter((row) => keys.has(row.key)).map((row) => [row.key, row.version]),
    ),
  };
}
