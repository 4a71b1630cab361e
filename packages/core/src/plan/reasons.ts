import { secretsByDigest } from '../inputs.ts';
import { isJsonArray, isJsonObject, sameJson } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Applied, ResolvedInputs } from '../node-role.ts';
import type { PlanReason } from '../plan.ts';
import { disruptions } from '../role.ts';
import type { Disruption, ParamDeclaration, RoleDefinition } from '../role.ts';

/** Names whose values differ, whichever side lacks them; sorted. */
function changedNames(before: JsonObject, after: JsonObject): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => !same(before[name], after[name])).sort();
}

/**
 * Why a node-role's inputs are no longer what it was applied with, the plainest cause first; null when they are the
 * same. What a user set comes before what followed from it.
 */
export function inputReason(applied: Applied, role: RoleDefinition, inputs: ResolvedInputs): PlanReason | null {
  if (applied.roleDigest !== role.digest) return { kind: 'role-changed', from: applied.roleDigest, to: role.digest };
  const params = changedNames(applied.inputs.params, inputs.params);
  if (params.length > 0) return { kind: 'param', names: params };
  const facts = changedNames(applied.inputs.facts, inputs.facts);
  if (facts.length > 0) return { kind: 'fact', names: facts };
  const lists = changedNames(applied.inputs.needs, inputs.needs);
  for (const role of lists) {
    const change = memberChange(role, applied.inputs.needs[role], inputs.needs[role]);
    if (change !== null) return change;
  }
  for (const role of lists) {
    return { kind: 'output', role, outputs: changedOutputs(applied.inputs.needs[role], inputs.needs[role]) };
  }
  for (const role of changedNames(applied.inputs.requires, inputs.requires)) {
    const outputs = changedOutputs(applied.inputs.requires[role], inputs.requires[role]);
    return { kind: 'output', role, outputs };
  }
  return null;
}

/** The greatest disruption that the changed parameters declare, or the role's new version does. */
export function inputDisruption(
  applied: Applied,
  role: RoleDefinition,
  declared: readonly ParamDeclaration[],
  inputs: ResolvedInputs,
): Disruption {
  const changed = new Set(changedNames(applied.inputs.params, inputs.params));
  const ofParams = declared.filter((param) => changed.has(param.fullName)).map((param) => param.disruption);
  const ofRole = applied.roleDigest === role.digest ? [] : [versionDisruption(role, declared)];
  return greatest([...ofParams, ...ofRole]);
}

/** What `upgrades` states; else the worst that any parameter declares. */
export function versionDisruption(role: RoleDefinition, declared: readonly ParamDeclaration[]): Disruption {
  if (role.upgrades.length > 0) return greatest(role.upgrades.map((upgrade) => upgrade.disruption));
  return greatest(declared.map((param) => param.disruption));
}

export function greatest(all: readonly Disruption[]): Disruption {
  return disruptions.findLast((disruption) => all.includes(disruption)) ?? 'none';
}

function memberChange(role: string, before: Json | undefined, after: Json | undefined): PlanReason | null {
  const former = nodesOf(before);
  const now = nodesOf(after);
  if (former === null || now === null) return null;
  const added = now.filter((node) => !former.includes(node));
  if (added.length > 0) return { kind: 'new-producer', role, nodes: added };
  const gone = former.filter((node) => !now.includes(node));
  return gone.length > 0 ? { kind: 'producer-gone', role, nodes: gone } : null;
}

/** Nodes of a list of producers; null for a single producer, which has none. */
function nodesOf(value: Json | undefined): readonly string[] | null {
  if (value === undefined || !isJsonArray(value)) return null;
  return value.flatMap((item) => (isJsonObject(item) && typeof item['node'] === 'string' ? [item['node']] : []));
}

function changedOutputs(before: Json | undefined, after: Json | undefined): readonly string[] {
  const former = producersOf(before);
  const now = producersOf(after);
  const names = former.flatMap((one, index) => changedNames(one, now[index] ?? {}));
  const only = now.slice(former.length).flatMap((one) => Object.keys(one));
  return [...new Set([...names, ...only])].filter((name) => name !== 'node').sort();
}

const producersOf = (value: Json | undefined): readonly JsonObject[] =>
  (value !== undefined && isJsonArray(value) ? value : [value]).filter(isJsonObject);

function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return sameJson(secretsByDigest(a), secretsByDigest(b));
}
