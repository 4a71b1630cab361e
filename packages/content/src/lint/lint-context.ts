import type { ContentIndex, Pack, Problem, RoleDefinition } from '@formwork/core';
import { indexContent } from '@formwork/core';
import type { PackSource } from '../pack/pack-source.ts';

/** What every check of the linter gets: the pack and everything it may name. */
export interface LintContext {
  readonly source: PackSource;
  /** Of this pack and those it builds on. */
  readonly index: ContentIndex;
  /** The packs it builds on, as far as they are at hand. */
  readonly dependencies: readonly Pack[];
  /** Whether every pack it builds on is at hand; if not, an unknown name may be one of theirs. */
  readonly complete: boolean;
  /** Roles a name may stand for: the role itself, the binding a workflow calls so, or the providers of a capability. */
  readonly candidates: (name: string) => readonly RoleDefinition[];
  /** The only candidate; null when there is none or several. */
  readonly resolve: (name: string) => RoleDefinition | null;
  /** Every name that `candidates` answers. */
  readonly names: readonly string[];
}

export type LintCheck = (context: LintContext) => readonly Problem[];

export function lintContext(source: PackSource, dependencies: readonly Pack[] | null): LintContext {
  const packs = [...(dependencies ?? []), source.pack];
  const index = indexContent({ packs });
  const bindings = new Map<string, string>();
  for (const workflow of index.workflows.values()) {
    for (const stage of workflow.stages) {
      for (const item of [...stage.deployment, ...Object.values(stage.nodes).flat()]) bindings.set(item.as, item.role);
    }
  }
  const candidates = (name: string): readonly RoleDefinition[] => {
    const role = index.roles.get(name) ?? index.roles.get(bindings.get(name) ?? '');
    return role === undefined ? (index.providers.get(name) ?? []) : [role];
  };
  return {
    source,
    index,
    dependencies: dependencies ?? [],
    complete: dependencies !== null || Object.keys(source.pack.packs).length === 0,
    candidates,
    resolve: (name) => {
      const found = candidates(name);
      return found.length === 1 ? (found[0] ?? null) : null;
    },
    names: [...index.roles.keys(), ...index.providers.keys(), ...bindings.keys()],
  };
}
