import type { InputResolution } from '../inputs.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Binding } from '../graph/binding.ts';

/**
 * Evaluates a template, or a structure with templates in it, as the engine will: it throws where a name is missing.
 * `scope` is {node: {name, group} | null, deployment: {name}, facts, params, needs, requires}.
 */
export type Evaluate = (value: Json, scope: JsonObject) => Json;

/** Outputs of a node-role after this plan, as far as they can be told. */
export interface PredictedOutputs {
  /** What they will be, or were and may stay. */
  readonly values: JsonObject;
  /** Whether one of the values is certain; an output without value never is. */
  readonly isCertain: (output: string) => boolean;
}

export const unchanged = (outputs: JsonObject): PredictedOutputs => ({ values: outputs, isCertain: () => true });

/** What `value:` templates see. Also what the engine gives when it computes outputs. */
export function outputScope(deployment: string, binding: Pick<Binding, 'node'>, inputs: ScopeInputs): JsonObject {
  const { node } = binding;
  return {
    node: node === null ? null : { name: node.name, group: node.group.name },
    deployment: { name: deployment },
    facts: inputs.facts,
    params: inputs.params,
    requires: inputs.requires,
    needs: inputs.needs,
  };
}

export interface ScopeInputs {
  readonly params: JsonObject;
  readonly facts: JsonObject;
  readonly requires: JsonObject;
  readonly needs: JsonObject;
}

/**
 * Predicts the outputs of a node-role that runs. An output with a `value` whose inputs are certain is certain; any other
 * keeps its former value as a guess, or has none.
 */
export function predictOutputs(
  deployment: string,
  binding: Binding,
  certain: InputResolution,
  former: JsonObject,
  evaluate: Evaluate,
): PredictedOutputs {
  const scope = outputScope(deployment, binding, withoutMissing(certain));
  const values: Record<string, Json> = {};
  const known = new Set<string>();
  for (const output of binding.role.outputs) {
    const value = output.value === undefined ? undefined : tryEvaluate(evaluate, output.value, scope);
    if (value !== undefined) known.add(output.name);
    const best = value ?? former[output.name];
    if (best !== undefined) values[output.name] = best;
  }
  return { values, isCertain: (output) => known.has(output) };
}

/** A list with a hole in it would evaluate to a wrong value instead of none, so what is incomplete is left out whole. */
function withoutMissing({ inputs, missing }: InputResolution): ScopeInputs {
  const lacking = { requires: new Set<string>(), needs: new Set<string>() };
  for (const one of missing) {
    if (one.kind === 'output') lacking[one.of].add(one.role);
    if (one.kind === 'producers') lacking.needs.add(one.role);
  }
  const keep = (all: JsonObject, without: ReadonlySet<string>): JsonObject =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !without.has(name)));
  return { ...inputs, requires: keep(inputs.requires, lacking.requires), needs: keep(inputs.needs, lacking.needs) };
}

/** Undefined where the template cannot be evaluated yet: facts of a machine that is not there, outputs still to come. */
function tryEvaluate(evaluate: Evaluate, value: Json, scope: JsonObject): Json | undefined {
  try {
    return evaluate(value, scope);
  } catch {
    return undefined;
  }
}
