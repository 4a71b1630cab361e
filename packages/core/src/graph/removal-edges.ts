import type { WorkVertex } from '../graph.ts';
import type { RoleDefinition } from '../role.ts';
import type { Binding, Bindings } from './binding.ts';
import { addEdge, addGate } from './draft.ts';
import type { GraphDraft } from './draft.ts';

/** Work that takes a node-role away; `machine` takes the node itself. */
export interface RemovalStep {
  readonly vertex: WorkVertex;
  /** Null when no pack has the role any more. */
  readonly role: RoleDefinition | null;
  readonly machine: boolean;
  /** Node-roles that go with this one: without steps of their own, or all others of a destroyed machine. */
  readonly takes: readonly { readonly as: string; readonly role: RoleDefinition | null }[];
}

/**
 * What takes away comes last: consumers re-run without the producer first, children go before what they stand on, a
 * machine goes when all on it is gone. Only dead members go first of all, before others join or leave their cluster.
 */
export function addRemovals(draft: GraphDraft, bindings: Bindings, removals: readonly RemovalStep[]): void {
  for (const { vertex } of removals) draft.vertices.set(vertex.key, vertex);
  const dead = new Set(removals.filter(({ vertex }) => vertex.purpose === 'evict').map(({ vertex }) => vertex.node));
  const consumers = consumersByRole(bindings);
  for (const removal of removals) {
    // Whoever consumes what is dead reads it no more; waiting for the consumer would only delay what replaces it.
    if (removal.vertex.purpose === 'evict' || dead.has(removal.vertex.node)) continue;
    for (const gone of removal.takes) {
      const parent = consumersGate(draft, gone.as, consumers(gone.as, gone.role));
      if (parent !== null) addEdge(draft, parent, removal.vertex.key, 'hard');
    }
  }
  addRemovalOrder(draft, removals, 'hard');
  addEvictionOrder(draft, bindings, removals);
}

/** Reverse order among removals alone: `order` where taking away is best effort, as when everything goes. */
export function addRemovalOrder(draft: GraphDraft, removals: readonly RemovalStep[], kind: 'hard' | 'order'): void {
  const byNode = new Map<string | null, RemovalStep[]>();
  for (const removal of removals) {
    const { node } = removal.vertex;
    byNode.set(node, [...(byNode.get(node) ?? []), removal]);
  }
  const own = byNode.get(null) ?? [];
  for (const [node, onNode] of byNode) {
    const machine = onNode.find((removal) => removal.machine);
    for (const removal of onNode) {
      if (machine !== undefined && removal !== machine) addEdge(draft, removal.vertex.key, machine.vertex.key, kind);
      for (const other of onNode)
        if (standsOn(removal, other)) addEdge(draft, removal.vertex.key, other.vertex.key, kind);
      if (node === null) continue;
      for (const other of own) {
        if (standsOn(removal, other)) addEdge(draft, removal.vertex.key, other.vertex.key, kind);
        else if (standsOn(other, removal) || removal.machine)
          addEdge(draft, other.vertex.key, removal.vertex.key, kind);
      }
    }
  }
}

function standsOn(child: RemovalStep, parent: RemovalStep): boolean {
  if (child === parent || child.machine || child.role === null) return false;
  const { requires, needs, after, runsOn } = child.role;
  const names = [...requires.map((one) => one.role), ...needs.map((one) => one.role), ...after, runsOn];
  return names.some((name) => name === parent.vertex.as || name === parent.vertex.role);
}

function addEvictionOrder(draft: GraphDraft, bindings: Bindings, removals: readonly RemovalStep[]): void {
  const evicted = new Map<string, string[]>();
  for (const { vertex } of removals) {
    if (vertex.purpose !== 'evict') continue;
    evicted.set(vertex.as, [...(evicted.get(vertex.as) ?? []), vertex.key]);
  }
  for (const [as, keys] of evicted) {
    const [single, ...others] = keys;
    if (single === undefined) continue;
    const gate = { key: `gate evicted(${as})`, min: null, edges: 'hard' } as const;
    const before = others.length === 0 ? single : addGate(draft, gate, keys);
    for (const member of bindings.instances(as)) {
      if (member.isNew && !member.founder) addEdge(draft, before, member.key, 'hard');
    }
    for (const { vertex } of removals) {
      if (vertex.as === as && vertex.purpose === 'remove') addEdge(draft, before, vertex.key, 'hard');
    }
  }
}

function consumersGate(draft: GraphDraft, as: string, consumers: readonly Binding[]): string | null {
  const [single, ...others] = consumers;
  if (single === undefined) return null;
  if (others.length === 0) return single.key;
  const keys = consumers.map((consumer) => consumer.key);
  return addGate(draft, { key: `gate consumers(${as})`, min: null, edges: 'hard' }, keys);
}

/** Node-roles whose inputs hold outputs of a role, by what they need now or by what they were last applied with. */
function consumersByRole(bindings: Bindings): (as: string, role: RoleDefinition | null) => readonly Binding[] {
  const byName = new Map<string, Set<Binding>>();
  for (const binding of bindings.all) {
    const applied = binding.row?.applied;
    if (applied === undefined || applied === null) continue;
    const names = [
      ...binding.role.needs.filter((need) => need.tracked).map((need) => need.role),
      ...Object.keys(applied.inputs.needs),
    ];
    for (const name of names) byName.set(name, (byName.get(name) ?? new Set()).add(binding));
  }
  const known = new Map<string, readonly Binding[]>();
  return (as, role) => {
    const former = known.get(as);
    if (former !== undefined) return former;
    const names = new Set([as, ...(role === null ? [] : [role.name, ...role.provides])]);
    const found = new Set([...names].flatMap((name) => [...(byName.get(name) ?? [])]));
    known.set(as, [...found]);
    return [...found];
  };
}
