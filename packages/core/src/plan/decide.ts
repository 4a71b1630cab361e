import type { Actual } from '../actual.ts';
import type { Binding, Bindings } from '../graph/binding.ts';
import { producersOf } from '../graph/producers.ts';
import { hashInputs, resolveInputs } from '../inputs.ts';
import type { InputResolution, Producer } from '../inputs.ts';
import type { JsonObject } from '../json.ts';
import type { Applied, NodeRoleKey } from '../node-role.ts';
import { declaredParams, paramValues, resolveParams } from '../params.ts';
import type { Certainty, PlanAction, PlanActionKind, PlanReason } from '../plan.ts';
import type { Disruption, Need, RoleDefinition } from '../role.ts';
import { predictOutputs, unchanged } from './predict.ts';
import type { Evaluate, PredictedOutputs } from './predict.ts';
import { greatest, inputDisruption, inputReason, versionDisruption } from './reasons.ts';

/** What decisions about later node-roles look back at: outputs as they will be, filled in graph order. */
export interface DecisionState {
  readonly bindings: Bindings;
  readonly actual: Actual;
  readonly evaluate: Evaluate;
  readonly facts: ReadonlyMap<string, JsonObject>;
  readonly appliedOutputs: ReadonlyMap<NodeRoleKey, JsonObject>;
  readonly predicted: Map<NodeRoleKey, PredictedOutputs>;
  /** Roles without their untracked needs, by the role as it is. */
  readonly tracked: Map<RoleDefinition, RoleDefinition>;
}

export function newDecisionState(bindings: Bindings, actual: Actual, evaluate: Evaluate): DecisionState {
  return {
    bindings,
    actual,
    evaluate,
    facts: new Map(actual.nodes.map((node) => [node.name, node.facts])),
    appliedOutputs: new Map(
      actual.nodeRoles.flatMap((row) => (row.applied === null ? [] : [[row.key, row.applied.outputs]])),
    ),
    predicted: new Map(),
    tracked: new Map(),
  };
}

/** What is to be done with one wanted node-role; null for nothing. Its parents in the graph must be decided before. */
export function decide(state: DecisionState, binding: Binding): PlanAction | null {
  const assumed = resolve(state, binding, (key) => outputsOf(state, key).values);
  const applied = binding.row?.applied ?? null;
  const action = applied === null ? firstRun(state, binding) : nextRun(state, binding, applied, assumed);
  if (action === null) {
    state.predicted.set(binding.key, unchanged(applied?.outputs ?? {}));
    return null;
  }
  const certain = resolve(state, binding, (key) => {
    const { values, isCertain } = outputsOf(state, key);
    return Object.fromEntries(Object.entries(values).filter(([name]) => isCertain(name)));
  });
  const { name } = state.bindings.spec;
  state.predicted.set(binding.key, predictOutputs(name, binding, certain, applied?.outputs ?? {}, state.evaluate));
  return action;
}

function resolve(
  state: DecisionState,
  binding: Binding,
  outputs: (key: NodeRoleKey) => JsonObject | null,
): InputResolution {
  const { role, item, node, site } = binding;
  const group = node?.group ?? null;
  const nodeName = node?.name ?? null;
  const { spec, index } = state.bindings;
  return resolveInputs(trackedOnly(state, role), binding, {
    params: paramValues(resolveParams({ spec, content: index, site, group, nodeName, role, item })),
    facts: (nodeName === null ? undefined : state.facts.get(nodeName)) ?? {},
    outputs,
    producers: (need) => plannedProducers(state, binding, need),
  });
}

/**
 * Untracked needs decide nothing, and a list of a thousand for each of a thousand is the bulk of the work. An output
 * whose `value` reads one cannot be told beforehand.
 */
function trackedOnly(state: DecisionState, role: RoleDefinition): RoleDefinition {
  const known = state.tracked.get(role) ?? { ...role, needs: role.needs.filter((need) => need.tracked) };
  state.tracked.set(role, known);
  return known;
}

/** `any` takes the first that is active when it runs: one that has been applied before one that is still to come. */
function plannedProducers(state: DecisionState, binding: Binding, need: Need): readonly Producer[] {
  const producers = producersOf(state.bindings, binding, need);
  if (need.from !== 'any') return producers;
  const first = producers.find((producer) => state.appliedOutputs.has(producer.key)) ?? producers[0];
  return first === undefined ? [] : [first];
}

/** A producer whose turn in the graph comes later, or not at all, keeps what it has. */
function outputsOf(state: DecisionState, key: NodeRoleKey): PredictedOutputs {
  return state.predicted.get(key) ?? unchanged(state.appliedOutputs.get(key) ?? {});
}

function firstRun(state: DecisionState, binding: Binding): PlanAction {
  const { role, row, node, founder } = binding;
  const kind: PlanActionKind = role.provides.includes('machine-ready')
    ? 'create-node'
    : role.cluster !== null && !founder
      ? 'join'
      : 'run';
  const reason: PlanReason =
    row !== null && row.everStarted
      ? { kind: 'unfinished', state: row.state.state }
      : { kind: node !== null && isNewNode(state, node.name) ? 'new-node' : 'new-role' };
  return actionOf(binding, kind, reason, 'none', { kind: 'will' });
}

/** A node is new until something has been applied on it: its machine is the first. */
const isNewNode = (state: DecisionState, node: string): boolean =>
  state.facts.get(node) === undefined ? true : isPlanned(state, node);

const isPlanned = (state: DecisionState, name: string): boolean =>
  state.actual.nodes.some((node) => node.name === name && (node.state === 'planned' || node.state === 'creating'));

function nextRun(
  state: DecisionState,
  binding: Binding,
  applied: Applied,
  assumed: InputResolution,
): PlanAction | null {
  const { role, row } = binding;
  const declared = declaredParams(state.bindings.index, role);
  const stateName = row?.state.state ?? 'proposed';
  // A removal that was called back may have left the cluster already: it joins anew rather than restart what is gone.
  const again: PlanActionKind = stateName === 'removing' && role.cluster !== null ? 'join' : 're-run';
  if (hashInputs(role.digest, assumed.inputs) !== applied.inputHash) {
    const reason = inputReason(applied, role, assumed.inputs) ?? { kind: 'unfinished', state: stateName };
    const disruption = inputDisruption(applied, role, declared, assumed.inputs);
    return actionOf(binding, again, reason, disruption, { kind: 'will' });
  }
  // Nobody knows how far a failed apply got, so its repetition may disturb as much as any change of the role.
  if (!applied.clean) {
    return actionOf(binding, again, { kind: 'not-clean' }, versionDisruption(role, declared), { kind: 'will' });
  }
  if (stateName !== 'active') {
    return actionOf(binding, again, { kind: 'unfinished', state: stateName }, 'none', { kind: 'will' });
  }
  const doubt = uncertainInput(state, binding);
  if (doubt === null) return null;
  const { role: producer, output } = doubt;
  const reason: PlanReason = { kind: 'output', role: producer, outputs: [output] };
  return actionOf(binding, 're-run', reason, 'none', { kind: 'if-output-changed', role: producer, output });
}

/** The first tracked output that may come out different this time. */
function uncertainInput(state: DecisionState, binding: Binding): { role: string; output: string } | null {
  const doubtIn = (key: NodeRoleKey, outputs: readonly string[]) =>
    outputs.find((output) => !outputsOf(state, key).isCertain(output));
  for (const { role, outputs } of binding.role.requires) {
    const output = doubtIn(binding.requires[role] ?? role, outputs);
    if (output !== undefined) return { role, output };
  }
  for (const need of binding.role.needs) {
    if (!need.tracked) continue;
    const producers = plannedProducers(state, binding, need);
    const read = need.from === 'one' || need.from === 'any' ? producers.slice(0, 1) : producers;
    for (const { key } of read) {
      const output = doubtIn(key, need.outputs);
      if (output !== undefined) return { role: need.role, output };
    }
  }
  return null;
}

function actionOf(
  { key, role, as, node }: Binding,
  action: PlanActionKind,
  reason: PlanReason,
  disruption: Disruption,
  certainty: Certainty,
): PlanAction {
  return { action, nodeRole: key, role: role.name, as, node: node?.name ?? null, reason, disruption, certainty };
}

/** Greatest disruption by node name, over all nodes that the actions touch. */
export function disruptionByNode(actions: readonly PlanAction[]): Readonly<Record<string, Disruption>> {
  const byNode: Record<string, Disruption> = {};
  for (const { node, disruption } of actions) {
    if (node !== null) byNode[node] = greatest([byNode[node] ?? 'none', disruption]);
  }
  return byNode;
}
