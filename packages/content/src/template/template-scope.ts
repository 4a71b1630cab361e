import type { Json, JsonObject } from '@formwork/core';
import { isJsonObject } from '@formwork/core';

/** What templates of a role may name; everything a role did not declare is left out by the caller. */
export interface TemplateInputs {
  readonly deployment: { readonly name: string };
  /** Absent for node-roles of the deployment. */
  readonly node?: JsonObject & { readonly name: string };
  readonly facts: JsonObject;
  /** By full name. */
  readonly params: JsonObject;
  /** Role -> output -> value, of the same node. */
  readonly requires: JsonObject;
  /** Role -> value of one producer, or a list. */
  readonly needs: JsonObject;
  /** Only for `files`: FW_ACTION and FW_FOUNDING. */
  readonly action?: string;
  readonly founding?: boolean;
}

/** The scope of `evaluateValue` and `renderFile` from what a node-role's inputs are. */
export function templateScope(inputs: TemplateInputs): JsonObject {
  return {
    deployment: inputs.deployment,
    facts: inputs.facts,
    params: inputs.params,
    requires: inputs.requires,
    needs: inputs.needs,
    ...(inputs.node === undefined ? {} : { node: inputs.node }),
    ...(inputs.action === undefined ? {} : { action: inputs.action }),
    ...(inputs.founding === undefined ? {} : { founding: inputs.founding }),
  };
}

/** Parameters for a scope: `params.etcd.dataDir` beside `params['etcd.dataDir']`. Applying it twice changes nothing. */
export function nestedParams(flat: JsonObject): JsonObject {
  const namespaces = new Map<string, [string, Json][]>();
  for (const [fullName, value] of Object.entries(flat)) {
    const dot = fullName.indexOf('.');
    if (dot <= 0) continue;
    const namespace = fullName.slice(0, dot);
    namespaces.set(namespace, [...(namespaces.get(namespace) ?? []), [fullName.slice(dot + 1), value]]);
  }
  const nested = [...namespaces].map(([namespace, entries]) => [namespace, Object.fromEntries(entries)] as const);
  return { ...flat, ...Object.fromEntries(nested) };
}

/** Any scope with parameters by full name, as templates may also name them: by namespace. */
export function withNamespaces(scope: JsonObject): JsonObject {
  const params = scope['params'];
  return isJsonObject(params) ? { ...scope, params: nestedParams(params) } : scope;
}
