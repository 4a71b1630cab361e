import {
  type Bindings,
  type Binding,
  type InputResolution,
  type Json,
  type JsonObject,
  paramValues,
  producersOf,
  resolveInputs,
  resolveParams,
} from '@formwork/core';
import type { FullNodeRoleRow } from '@formwork/db';

export interface GatherDeps {
  readonly bindings: Bindings;
  /** A living node-role by key; null when there is none or it is not known here. */
  readonly row: (key: string) => FullNodeRoleRow | null;
  /** Facts of a node by name. */
  readonly facts: (node: string) => JsonObject;
  readonly taskParams: Readonly<Record<string, Json>> | null;
}

/** What one node-role takes in right now: the same for the scheduler's judgement and the worker's start. */
export function gatherInputs(deps: GatherDeps, binding: Binding): InputResolution {
  const params = paramValues(
    resolveParams({
      spec: deps.bindings.spec,
      content: deps.bindings.index,
      site: binding.site,
      group: binding.node?.group ?? null,
      nodeName: binding.node?.name ?? null,
      role: binding.role,
      item: binding.item,
      ...(deps.taskParams === null ? {} : { task: deps.taskParams }),
    }),
  );
  const outlived = (key: string): boolean => deps.bindings.outlived.some((one) => one.key === key);
  return resolveInputs(binding.role, binding, {
    params,
    facts: binding.node === null ? {} : deps.facts(binding.node.name),
    outputs: (key) => {
      const row = deps.row(key);
      // Of what outlived its machine the outputs stay, whatever became of its last run.
      return row === null || (row.state.state !== 'active' && !outlived(key)) ? null : (row.applied?.outputs ?? null);
    },
    producers: (need) => producersOf(deps.bindings, binding, need),
  });
}
