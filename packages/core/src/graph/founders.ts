import type { Actual } from '../actual.ts';
import type { Binding } from './binding.ts';

export interface Founding {
  readonly isFounder: (binding: Binding) => boolean;
  /** Founders that this plan binds, node names by the `as` of the role. */
  readonly made: Readonly<Record<string, readonly string[]>>;
}

/**
 * Who makes the cluster. Frozen founders are those whose stored node-role says so: a node that came back under a
 * founder's name is a new machine and joins. Where nothing is frozen yet, every instance founds (`parallel`) or the
 * lowest ordinal alone (`serial`).
 */
export function bindFounders(bindings: readonly Binding[], actual: Actual): Founding {
  const made: Record<string, string[]> = {};
  const lowest = new Map<string, Binding>();
  for (const binding of bindings) {
    const { as, node, role } = binding;
    if (role.cluster === null || node === null || actual.founders[as] !== undefined) continue;
    const former = lowest.get(as);
    if (role.cluster.founding === 'parallel') {
      const founders = made[as] ?? [];
      founders.push(node.name);
      made[as] = founders;
    } else if (former === undefined || node.ordinal < (former.node?.ordinal ?? 0)) lowest.set(as, binding);
  }
  for (const [as, binding] of lowest) made[as] = [binding.node?.name ?? ''];
  const ours = new Map(Object.entries(made).map(([as, nodes]) => [as, new Set(nodes)]));
  return {
    made,
    isFounder: ({ as, node, role, row }) => {
      if (role.cluster === null || node === null) return false;
      const frozen = actual.founders[as];
      if (frozen === undefined) return ours.get(as)?.has(node.name) ?? false;
      return row !== null && row.founder && frozen.includes(node.name);
    },
  };
}
