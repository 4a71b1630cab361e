import { nodeRoleKey } from '../node-role.ts';
import type { Bindings } from './binding.ts';
import { addEdge, addGate } from './draft.ts';
import type { GraphDraft } from './draft.ts';
import type { NodeTemplate, RoleSlot } from './node-template.ts';
import { afterOnNode } from './same-node-edges.ts';

/** The roles of one template in one stage. */
interface Layer {
  readonly stageIndex: number;
  readonly slots: readonly RoleSlot[];
  /** Those without a parent on the same node in the same stage: the others follow them. */
  readonly roots: readonly RoleSlot[];
}

/**
 * The order of stages on each node, as gates: `gate stage <stage>@<node>` opens the node's next stage. There is none
 * where the stage is a single role that all of them require already.
 *
 * A stage with `barrier` waits for every node: `gate barrier <stage>` is open when no node has pending work before that
 * stage, nor has the deployment. It takes the place of the stage's own gate.
 */
export function addStageEdges(draft: GraphDraft, bindings: Bindings): void {
  const stages = bindings.workflow.stages;
  const layered = new Map<NodeTemplate, readonly Layer[]>();
  const layersOf = (template: NodeTemplate): readonly Layer[] => {
    const layers = layered.get(template) ?? layersOfTemplate(template);
    layered.set(template, layers);
    return layers;
  };
  const barriers = addBarriers(draft, bindings, layersOf);
  for (const { node, template } of bindings.nodes) {
    let former: Layer | null = null;
    for (const layer of layersOf(template)) {
      const barrier = barriers.findLast(
        (one) => one.stageIndex <= layer.stageIndex && one.stageIndex > (former?.stageIndex ?? -1),
      );
      if (barrier !== undefined) openWith(draft, barrier.key, layer, node.name);
      else if (former !== null && !impliedBy(former, layer)) {
        const stage = stages[former.stageIndex];
        const key = `gate stage ${stage?.name ?? ''}@${node.name}`;
        const parents = former.slots.map((slot) => nodeRoleKey(slot.as, node.name));
        // A failure that stops its node is a hard parent of all that comes later on it.
        const edges = stage?.onFailure === 'stop-node' ? 'hard' : 'order';
        openWith(draft, addGate(draft, { key, min: null, edges }, parents), layer, node.name, edges);
      }
      former = layer;
    }
  }
}

function layersOfTemplate(template: NodeTemplate): readonly Layer[] {
  const byStage = new Map<number, RoleSlot[]>();
  for (const slot of template.slots) byStage.set(slot.stageIndex, [...(byStage.get(slot.stageIndex) ?? []), slot]);
  return [...byStage]
    .sort(([a], [b]) => a - b)
    .map(([stageIndex, slots]) => {
      const names = new Set(slots.map((slot) => slot.as));
      const roots = slots.filter((slot) => !parentsOnNode(slot, template).some((parent) => names.has(parent)));
      return { stageIndex, slots, roots };
    });
}

const parentsOnNode = (slot: RoleSlot, template: NodeTemplate): readonly string[] => [
  ...[...slot.requires.values()].filter((parent) => parent.scope === 'node').map((parent) => parent.as),
  ...afterOnNode(slot, template),
];

function impliedBy(former: Layer, layer: Layer): boolean {
  const [single, ...others] = former.slots;
  if (single === undefined || others.length > 0) return false;
  return layer.roots.every((root) =>
    [...root.requires.values()].some((parent) => parent.scope === 'node' && parent.as === single.as),
  );
}

function openWith(draft: GraphDraft, gate: string, layer: Layer, node: string, kind: 'hard' | 'order' = 'order'): void {
  for (const slot of layer.roots) addEdge(draft, gate, nodeRoleKey(slot.as, node), kind);
}

function addBarriers(draft: GraphDraft, bindings: Bindings, layersOf: (template: NodeTemplate) => readonly Layer[]) {
  return bindings.workflow.stages.flatMap((stage, stageIndex) => {
    if (!stage.barrier) return [];
    const onNodes = bindings.nodes.flatMap(({ node, template }) => {
      const last = layersOf(template).findLast((layer) => layer.stageIndex < stageIndex);
      return (last?.slots ?? []).map((slot) => nodeRoleKey(slot.as, node.name));
    });
    const own = bindings.all.filter((binding) => binding.node === null);
    const before = own.filter((binding) => binding.stageIndex < stageIndex).map((binding) => binding.key);
    const parents = [...before, ...onNodes];
    if (parents.length === 0) return [];
    const key = addGate(draft, { key: `gate barrier ${stage.name}`, min: null, edges: 'order' }, parents);
    for (const binding of own) if (binding.stageIndex === stageIndex) addEdge(draft, key, binding.key, 'order');
    return [{ stageIndex, key }];
  });
}
