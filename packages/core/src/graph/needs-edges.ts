import { producersWanted } from '../inputs.ts';
import type { NodeRoleKey } from '../node-role.ts';
import type { Problem } from '../problem.ts';
import type { Need } from '../role.ts';
import type { Binding, Bindings } from './binding.ts';
import { goesByName } from './content-index.ts';
import { addEdge, addGate } from './draft.ts';
import type { GraphDraft } from './draft.ts';
import type { RoleSlot } from './node-template.ts';
import { instancesFor } from './producers.ts';

/**
 * `needs`, across nodes: hard edges, through a gate wherever there may be several producers, so that N consumers of M
 * producers cost N + M. Which gates a role goes through is worked out once for all its instances of the same standing.
 */
export function addNeedsEdges(draft: GraphDraft, bindings: Bindings, problems: Problem[]): void {
  const implied = impliedProducers(bindings);
  const remembered = new Map<RoleSlot, Map<string, readonly string[]>>();
  for (const binding of bindings.all) {
    const standing = `${binding.isNew} ${binding.founder}`;
    const known = remembered.get(binding.slot) ?? new Map<string, readonly string[]>();
    remembered.set(binding.slot, known);
    const parents = known.get(standing) ?? parentsOf(draft, bindings, binding, implied, problems);
    known.set(standing, parents);
    for (const parent of parents) if (parent !== binding.key) addEdge(draft, parent, binding.key, 'hard');
  }
}

type Implied = (binding: Binding) => ReadonlySet<NodeRoleKey>;

function parentsOf(
  draft: GraphDraft,
  bindings: Bindings,
  binding: Binding,
  implied: Implied,
  problems: Problem[],
): readonly string[] {
  const needs = binding.role.needs.filter((need) => counts(need, binding));
  const others = impliedByOthers(bindings, binding, implied);
  const parents: string[] = [];
  for (const need of needs) {
    const producers = instancesFor(bindings, binding, need);
    if (producers.length === 0) {
      if (!need.optional && !mayBeEmpty(bindings, need)) problems.push(noProducer(binding, need.role, 'needs'));
      continue;
    }
    const [first] = producers;
    if (need.from === 'one') {
      if (first !== undefined && !others.has(first.key)) parents.push(first.key);
    } else {
      const gate = gateFor(draft, binding, need, producers);
      if (gate !== null) parents.push(gate);
    }
  }
  const { runsOn } = binding.role;
  if (runsOn !== null && !needs.some((need) => need.role === runsOn)) {
    const keys = bindings.instances(runsOn).map((instance) => instance.key);
    if (keys.length === 0) problems.push(noProducer(binding, runsOn, 'runs on'));
    else parents.push(addGate(draft, { key: `gate any(${runsOn})`, min: 1, edges: 'hard' }, keys));
  }
  return parents;
}

/** Whether an edge is drawn for this consumer: `on: create` for its first run, `on: change` for later ones. */
const counts = (need: Need, binding: Binding): boolean =>
  need.on === 'both' || (need.on === 'create') === binding.isNew;

function gateFor(draft: GraphDraft, binding: Binding, need: Need, producers: readonly Binding[]): string | null {
  const keys = producers.map((producer) => producer.key);
  const gate = (min: number | null, from: readonly string[]): string => {
    const plain = `gate ${need.from}(${need.role})`;
    const named = min === null || (min === 1 && need.from !== 'all') ? plain : `${plain} min ${min}`;
    // Whose founders a role means depends on who asks, so one name may stand for several sets of producers.
    const key = isTaken(draft, named, from) ? `${named} of ${binding.as}` : named;
    return addGate(draft, { key, min, edges: 'hard' }, from);
  };
  switch (need.from) {
    case 'any':
      return anyGate(draft, need, keys);
    case 'peers':
      // Peers of another role are just any of it.
      if (!goesByName(need.role, binding.as, binding.role)) return anyGate(draft, need, keys);
      return peersGate(binding, need, producers, gate);
    default:
      return gate(producersWanted(need, keys.length), keys);
  }
}

function anyGate(draft: GraphDraft, need: Need, keys: readonly NodeRoleKey[]): string | null {
  const wanted = need.min === 'quorum' ? Math.floor(keys.length / 2) + 1 : need.min;
  const min = Math.min(wanted, keys.length);
  if (min < 1) return null;
  const plain = `gate any(${need.role})`;
  return addGate(draft, { key: min === 1 ? plain : `${plain} min ${min}`, min, edges: 'hard' }, keys);
}

/**
 * Founders do not wait for each other, and what has been applied once has had its peers. What joins waits for founders
 * and for what is there already, never for others that join in the same plan: the role's lock puts those in order.
 */
function peersGate(
  binding: Binding,
  need: Need,
  producers: readonly Binding[],
  gate: (min: number, from: readonly string[]) => string,
): string | null {
  if (binding.founder || !binding.isNew) return null;
  const there = producers.filter((peer) => peer.founder || !peer.isNew);
  const keys = there.map((peer) => peer.key);
  const wanted = need.min === 'quorum' ? Math.floor(keys.length / 2) + 1 : need.min;
  const min = Math.min(wanted, keys.length);
  return min < 1 ? null : gate(min, keys);
}

function isTaken(draft: GraphDraft, key: string, parents: readonly string[]): boolean {
  if (!draft.vertices.has(key)) return false;
  const there = draft.edges.get(key);
  return there === undefined || there.size !== parents.length || parents.some((parent) => !there.has(parent));
}

/**
 * Producers of `needs ... from one` that must be active before a node-role is, whoever it is: its own needs and those
 * of what it requires, or of what it needs all of. An edge from them again would say nothing new.
 */
function impliedProducers(bindings: Bindings): Implied {
  const known = new Map<RoleSlot, ReadonlySet<NodeRoleKey>>();
  const implied: Implied = (binding) => {
    const former = known.get(binding.slot);
    if (former !== undefined) return former;
    known.set(binding.slot, new Set()); // a cycle ends here; it is named when the graph is sorted
    const found = new Set(impliedByOthers(bindings, binding, implied));
    for (const need of binding.role.needs) {
      if (need.from !== 'one' || need.on !== 'both' || need.optional) continue;
      const [producer] = instancesFor(bindings, binding, need);
      if (producer !== undefined) found.add(producer.key);
    }
    known.set(binding.slot, found);
    return found;
  };
  return implied;
}

function impliedByOthers(bindings: Bindings, binding: Binding, implied: Implied): ReadonlySet<NodeRoleKey> {
  const found = new Set<NodeRoleKey>();
  const addAll = (parent: Binding | undefined) => {
    if (parent !== undefined) for (const key of implied(parent)) found.add(key);
  };
  for (const key of Object.values(binding.requires)) {
    const parent = bindings.byKey.get(key);
    if (parent?.node === null) found.add(key);
    addAll(parent);
  }
  for (const need of binding.role.needs) {
    if (need.from !== 'all' || need.on !== 'both' || need.optional) continue;
    const producers = instancesFor(bindings, binding, need);
    if (producersWanted(need, producers.length) === null) addAll(producers[0]);
  }
  return found;
}

/** A list may be empty as long as the workflow can fill it, and what outlived its node needs no vertex. */
function mayBeEmpty(bindings: Bindings, need: Need): boolean {
  if (bindings.outlived.some((one) => one.as === need.role || one.role === need.role)) return true;
  if (need.from === 'one' || need.from === 'any') return false;
  if (need.from === 'peers' || bindings.instances(need.role).length > 0) return true;
  return bindings.workflow.stages.some((stage) =>
    Object.values(stage.nodes).some((items) => items.some((item) => item.role === need.role || item.as === need.role)),
  );
}

const noProducer = (binding: Binding, role: string, verb: string): Problem => ({
  code: 'missing-requirement',
  path: '$.workflow',
  message: `${binding.as} ${verb} ${role}, and no node-role of this deployment is that`,
  remedy: `add ${role} to a stage of the workflow that a group takes part in`,
});
