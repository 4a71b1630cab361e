import type { Producer } from '../inputs.ts';
import type { Need } from '../role.ts';
import type { Binding, Bindings } from './binding.ts';

/**
 * The node-roles that a need may take outputs from, sorted by group name and ordinal. Whether they are active is the
 * caller's to say: `all` and `founders` list every wanted one, `peers` the others, `any` every candidate, `one` a single
 * one (the binding of a `once` role outlives its node).
 */
export function producersOf(
  bindings: Bindings,
  consumer: Pick<Binding, 'key' | 'as' | 'role'>,
  need: Need,
): readonly Producer[] {
  const instances = instancesFor(bindings, consumer, need).map(asProducer);
  const outlived = bindings.outlived.filter((one) => one.as === need.role || one.role === need.role);
  switch (need.from) {
    case 'one':
      return [...outlived, ...instances].slice(0, 1);
    case 'any':
      return [...instances, ...outlived];
    case 'all':
    case 'founders':
    case 'peers':
      return instances;
  }
}

/** The same as bindings, without what has outlived its node. */
export function instancesFor(
  bindings: Bindings,
  consumer: Pick<Binding, 'key' | 'as' | 'role'>,
  need: Need,
): readonly Binding[] {
  const instances = bindings.instances(need.role);
  if (need.from === 'peers') return instances.filter((binding) => binding.key !== consumer.key);
  if (need.from !== 'founders') return instances;
  const founders = foundersFor(bindings, consumer, need);
  return founders === null
    ? instances
    : instances.filter((binding) => binding.node !== null && founders.has(binding.node.name));
}

/** Founders of the needed role, else of the consumer's own cluster: `etcd-cert from founders` means those of etcd-member. */
function foundersFor(
  bindings: Bindings,
  consumer: Pick<Binding, 'as' | 'role'>,
  need: Need,
): ReadonlySet<string> | null {
  const needed = bindings.instances(need.role)[0];
  if (needed !== undefined && needed.role.cluster !== null) return bindings.founders.get(needed.as) ?? new Set();
  return consumer.role.cluster === null ? null : (bindings.founders.get(consumer.as) ?? new Set());
}

const asProducer = ({ key, node }: Binding): Producer => ({ key, node: node?.name ?? null });
