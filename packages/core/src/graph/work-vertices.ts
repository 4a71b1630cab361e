import type { Binding } from './binding.ts';
import type { GraphDraft } from './draft.ts';

/** A vertex for every wanted node-role, whether it has anything to do or not. */
export function addWorkVertices(draft: GraphDraft, bindings: readonly Binding[]): void {
  for (const { key, role, as, node, stage, founder } of bindings) {
    draft.vertices.set(key, {
      kind: 'node-role',
      key,
      nodeRole: key,
      purpose: 'apply',
      role: role.name,
      as,
      node: node?.name ?? null,
      group: node?.group.name ?? null,
      stage,
      lane: role.lane,
      founder,
    });
  }
}
