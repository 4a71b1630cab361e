import type { Actual } from '../actual.ts';
import type { Bindings } from '../graph/binding.ts';
import type { PlanAction } from '../plan.ts';

/** What is worth knowing before approval and refuses nothing. */
export function planWarnings(bindings: Bindings, actual: Actual, actions: readonly PlanAction[]): readonly string[] {
  return [...evenCounts(bindings), ...fanOuts(actions), ...lostNodes(bindings, actual)];
}

function evenCounts({ spec, workflow, nodes }: Bindings): readonly string[] {
  return Object.entries(workflow.slots).flatMap(([slot, { oddAdvised }]) => {
    const count = nodes.filter(({ node }) => node.group.roles.includes(slot)).length;
    if (!oddAdvised || count === 0 || count % 2 === 1) return [];
    return [`${spec.name} has ${count} nodes for ${slot}: an odd count survives as many losses with one node less`];
  });
}

/** A tracked list of members makes every consumer stale when one comes or goes. */
function fanOuts(actions: readonly PlanAction[]): readonly string[] {
  const byRole = new Map<string, { count: number; producer: string }>();
  for (const { as, node, reason } of actions) {
    if (node === null || (reason.kind !== 'new-producer' && reason.kind !== 'producer-gone')) continue;
    byRole.set(as, { count: (byRole.get(as)?.count ?? 0) + 1, producer: reason.role });
  }
  return [...byRole].map(
    ([as, { count, producer }]) =>
      `${as} runs again on ${count} ${count === 1 ? 'node' : 'nodes'}, because it tracks the list of ${producer}`,
  );
}

function lostNodes({ nodes }: Bindings, actual: Actual): readonly string[] {
  const lost = new Set(actual.nodes.filter((node) => node.lost).map((node) => node.name));
  return nodes.flatMap(({ node: { name, ordinal, group } }) =>
    lost.has(name)
      ? [`${name} is lost and nothing can run on it: add ${ordinal} to omit of group ${group.name} to replace it`]
      : [],
  );
}
