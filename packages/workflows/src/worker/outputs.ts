import { evaluateValue, templateScope } from '@formwork/content';
import type { Json, JsonObject, OutputDeclaration } from '@formwork/core';
import type { Secrets } from '../secrets.ts';
import type { StepContext } from './step-context.ts';

/** What templates of this step may name. Secrets stand as references: a template can not print one. */
export const scopeOf = (context: StepContext): JsonObject =>
  templateScope({
    deployment: { name: context.deployment.name },
    ...(context.node === null ? {} : { node: { name: context.node.name, group: context.node.group } }),
    facts: context.inputs.facts,
    params: context.inputs.params,
    requires: context.inputs.requires,
    needs: { ...context.untracked, ...context.inputs.needs },
    action: context.action,
    founding: context.founding,
  });

/** Outputs of a step that ran nowhere: `value` as always, else the role's example. */
export function simulatedOutputs(context: StepContext): JsonObject {
  const outputs: Record<string, Json> = {};
  for (const declaration of context.bundle.role.outputs) {
    if (declaration.value !== undefined) continue;
    outputs[declaration.name] = declaration.example ?? `simulated ${declaration.name}`;
  }
  return outputs;
}

/** Adds what the engine computes, and takes secret values out: what is stored and shown holds references alone. */
export async function completeOutputs(secrets: Secrets, context: StepContext, given: JsonObject): Promise<JsonObject> {
  const scope = scopeOf(context);
  const complete: Record<string, Json> = {};
  for (const declaration of context.bundle.role.outputs) {
    const value = declaration.value === undefined ? given[declaration.name] : evaluateValue(declaration.value, scope);
    if (value !== undefined)
      complete[declaration.name] = declaration.secret ? await sealed(secrets, context, declaration, value) : value;
  }
  return complete;
}

async function sealed(
  secrets: Secrets,
  context: StepContext,
  declaration: OutputDeclaration,
  value: Json,
): Promise<Json> {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const { $secret } = await secrets.seal(
    `deployment:${context.deployment.id}`,
    `${context.row.key}.${declaration.name}`,
    text,
  );
  return { $secret: { ref: $secret.ref, version: $secret.version, digest: $secret.digest } };
}
