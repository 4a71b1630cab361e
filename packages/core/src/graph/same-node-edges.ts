import { nodeRoleKey } from '../node-role.ts';
import type { Bindings } from './binding.ts';
import { goesByName } from './content-index.ts';
import { addEdge, addGate } from './draft.ts';
import type { GraphDraft } from './draft.ts';
import type { NodeTemplate, RoleSlot } from './node-template.ts';

/** `requires`: always a hard edge. */
export function addRequiresEdges(draft: GraphDraft, bindings: Bindings): void {
  for (const binding of bindings.all) {
    for (const parent of Object.values(binding.requires)) addEdge(draft, parent, binding.key, 'hard');
  }
}

/**
 * `after`: an order edge from the role on the same node, else from the deployment's. A role of the deployment waits for
 * every instance. Names that nothing goes by order nothing.
 */
export function addAfterEdges(draft: GraphDraft, bindings: Bindings): void {
  const names = new Map<RoleSlot, readonly string[]>();
  for (const { node, template } of bindings.nodes) {
    for (const slot of template.slots) {
      if (slot.role.after.length === 0) continue;
      const parents = names.get(slot) ?? afterOnNode(slot, template);
      names.set(slot, parents);
      const key = nodeRoleKey(slot.as, node.name);
      for (const parent of parents) addEdge(draft, nodeRoleKey(parent, node.name), key, 'order');
    }
  }
  for (const binding of bindings.all) {
    const onNode = names.get(binding.slot) ?? [];
    for (const name of binding.role.after) {
      const instances = bindings.instances(name).filter((parent) => parent.key !== binding.key);
      const own = instances.filter((parent) => parent.node === null);
      if (binding.node !== null) {
        if (onNode.length === 0) for (const parent of own) addEdge(draft, parent.key, binding.key, 'order');
      } else if (own.length > 0) {
        for (const parent of own) addEdge(draft, parent.key, binding.key, 'order');
      } else if (instances.length > 0) {
        const keys = instances.map((parent) => parent.key);
        const gate = addGate(draft, { key: `gate after(${name})`, min: null, edges: 'order' }, keys);
        addEdge(draft, gate, binding.key, 'order');
      }
    }
  }
}

/** `as` names of the slots of the same node that this one comes after. */
export function afterOnNode(slot: RoleSlot, template: NodeTemplate): readonly string[] {
  return template.slots
    .filter((other) => other !== slot && slot.role.after.some((name) => goesByName(name, other.as, other.role)))
    .map((other) => other.as);
}
