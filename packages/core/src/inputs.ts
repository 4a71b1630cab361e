import { createHash } from 'node:crypto';
import { canonicalJson, isJsonArray, isJsonObject } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import type { Facts } from './machine.ts';
import type { NodeRoleKey, ResolvedInputs, UntrackedNeeds } from './node-role.ts';
import type { Need, Requirement, RoleDefinition } from './role.ts';

/** A node-role whose outputs a need may take. */
export interface Producer {
  readonly key: NodeRoleKey;
  readonly node: string | null;
}

/** Where inputs come from. The plan answers with what it predicts, the engine with what is there. */
export interface InputSources {
  /** Values by full name, as `paramValues(resolveParams(...))` gives them. */
  readonly params: JsonObject;
  /** Facts of the node; empty for a node-role of the deployment. */
  readonly facts: Facts;
  /** Null when the node-role has none now: not there, not active, leaving. */
  readonly outputs: (key: NodeRoleKey) => JsonObject | null;
  /** Candidates in order; see `producersOf`. */
  readonly producers: (need: Need) => readonly Producer[];
}

/** What of a binding the inputs depend on. */
export interface InputBinding {
  /** Node-role that meets a requirement, by the name the role requires it by. */
  readonly requires: Readonly<Record<string, NodeRoleKey>>;
}

export type MissingInput =
  | { readonly kind: 'fact'; readonly name: string }
  | {
      readonly kind: 'output';
      readonly of: 'requires' | 'needs';
      /** Name in `inputs.requires` or `inputs.needs`. */
      readonly role: string;
      readonly key: NodeRoleKey;
      /** Null when the node-role has no outputs at all. */
      readonly output: string | null;
    }
  | { readonly kind: 'producers'; readonly role: string; readonly found: number; readonly wanted: number };

export interface InputResolution {
  readonly inputs: ResolvedInputs;
  readonly untracked: UntrackedNeeds;
  /** What must come before the role can start; empty when it can. */
  readonly missing: readonly MissingInput[];
}

/**
 * Gathers what a node-role takes in. `all`, `founders` and `peers` give a list of `{node, ...outputs}` in the order of
 * the producers, `one` and `any` give one object of outputs. What is missing is left out and named.
 */
export function resolveInputs(role: RoleDefinition, binding: InputBinding, sources: InputSources): InputResolution {
  const missing: MissingInput[] = [];
  const facts: Record<string, Json> = {};
  for (const name of role.facts) {
    const value = sources.facts[name];
    if (value === undefined) missing.push({ kind: 'fact', name });
    else facts[name] = value;
  }
  const requires: Record<string, Json> = {};
  for (const requirement of role.requires) {
    if (requirement.outputs.length === 0) continue;
    requires[requirement.role] = required(requirement, binding, sources, missing);
  }
  const needs: Record<string, Json> = {};
  const untracked: Record<string, Json> = {};
  for (const need of role.needs) {
    const into = need.tracked ? needs : untracked;
    // Two needs of one role differ in `from`; the first keeps the plain name.
    const name = Object.hasOwn(into, need.role) ? `${need.role}.${need.from}` : need.role;
    const value = needed(need, name, sources, missing);
    if (value !== null) into[name] = value;
  }
  return { inputs: { params: sources.params, facts, requires, needs }, untracked, missing };
}

/**
 * SHA-256, lower-case hex, of a role's digest and its inputs: the one measure of *unchanged*. A secret counts by its
 * keyed digest alone, so storing it anew without changing it makes nobody stale.
 */
export function hashInputs(roleDigest: string, inputs: ResolvedInputs): string {
  const { params, facts, requires, needs } = inputs;
  const text = canonicalJson({ role: roleDigest, inputs: secretsByDigest({ params, facts, requires, needs }) });
  return createHash('sha256').update(text).digest('hex');
}

/** The value with every secret reference reduced to its digest, at any depth: what is hashed and compared. */
export function secretsByDigest(value: Json): Json {
  if (value === null || typeof value !== 'object') return value;
  if (isJsonArray(value)) return value.map(secretsByDigest);
  const secret = value['$secret'];
  if (isJsonObject(secret) && typeof secret['digest'] === 'string') return { $secret: secret['digest'] };
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, secretsByDigest(item)]));
}

function required(
  requirement: Requirement,
  binding: InputBinding,
  sources: InputSources,
  missing: MissingInput[],
): JsonObject {
  const key = binding.requires[requirement.role] ?? requirement.role;
  return take(requirement.outputs, sources.outputs(key), (output) =>
    missing.push({ kind: 'output', of: 'requires', role: requirement.role, key, output }),
  );
}

function needed(need: Need, name: string, sources: InputSources, missing: MissingInput[]): Json {
  const producers = sources.producers(need);
  const isThere = (producer: Producer): boolean => sources.outputs(producer.key) !== null;
  const lack = (key: NodeRoleKey) => (output: string | null) => {
    if (!need.optional) missing.push({ kind: 'output', of: 'needs', role: name, key, output });
  };
  if (need.from === 'one' || need.from === 'any') {
    const first = (need.from === 'any' ? producers.find(isThere) : undefined) ?? producers[0];
    if (first === undefined) {
      if (!need.optional) missing.push({ kind: 'producers', role: name, found: 0, wanted: 1 });
      return null;
    }
    const outputs = sources.outputs(first.key);
    return outputs === null && need.optional ? null : take(need.outputs, outputs, lack(first.key));
  }
  const there = producers.filter(isThere);
  const wanted = producersWanted(need, producers.length);
  if (wanted === null) {
    for (const producer of producers) if (!isThere(producer)) lack(producer.key)(null);
  } else if (there.length < wanted && !need.optional) {
    missing.push({ kind: 'producers', role: name, found: there.length, wanted });
  }
  return there.map((producer) => ({
    node: producer.node,
    ...take(need.outputs, sources.outputs(producer.key), lack(producer.key)),
  }));
}

/**
 * How many of `count` producers must be active; null: all of them. A plain `min: 1` is what a role gets that does not
 * say, and for `all` and `founders` that means every one. Peers that are not there yet are not waited for by inputs:
 * the graph's gate does that, and a founder has none.
 */
export function producersWanted(need: Need, count: number): number | null {
  if (need.from === 'peers') return 0;
  if (need.min === 'quorum') return Math.floor(count / 2) + 1;
  return need.min > 1 ? Math.min(need.min, count) : null;
}

function take(
  names: readonly string[],
  outputs: JsonObject | null,
  lack: (output: string | null) => unknown,
): JsonObject {
  const taken: Record<string, Json> = {};
  if (outputs === null) lack(null);
  else {
    for (const name of names) {
      const value = outputs[name];
      if (value === undefined) lack(name);
      else taken[name] = value;
    }
  }
  return taken;
}
