import type { Vertex, WorkVertex } from '../graph.ts';
import { compareText, ordinalOf } from '../graph/wanted-nodes.ts';
import type { Workflow } from '../role.ts';

/**
 * Order of a plan's actions where the graph leaves it open: dead members first, then dead machines, then by stage, node
 * ordinal, node and role; what takes away comes last. Gates are no work and go as soon as they can.
 */
export function actionOrder(
  workflow: Workflow | null,
  deadNodes: ReadonlySet<string>,
): (a: Vertex, b: Vertex) => number {
  const stages = new Map((workflow?.stages ?? []).map((stage, index) => [stage.name, index]));
  const rank = (vertex: WorkVertex): number => {
    if (vertex.purpose === 'evict') return -2;
    if (vertex.purpose === 'remove') return vertex.node !== null && deadNodes.has(vertex.node) ? -1 : stages.size + 1;
    return stages.get(vertex.stage) ?? stages.size;
  };
  return (a, b) => {
    if (a.kind === 'gate' || b.kind === 'gate') {
      if (a.kind === b.kind) return compareText(a.key, b.key);
      return a.kind === 'gate' ? -1 : 1;
    }
    return (
      rank(a) - rank(b) ||
      ordinalOf(a.node) - ordinalOf(b.node) ||
      compareText(a.node ?? '', b.node ?? '') ||
      compareText(a.as, b.as)
    );
  };
}
