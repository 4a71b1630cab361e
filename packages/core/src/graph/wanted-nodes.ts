import type { NodeGroup, Specification } from '../specification.ts';

/** A node that a specification asks for, whether it is there yet or not. */
export interface WantedNode {
  readonly name: string;
  readonly ordinal: number;
  readonly group: NodeGroup;
}

/**
 * `<deployment>-<group>-<ordinal>` for the lowest `count` ordinals, from 1, that are not in `omit`. Sorted by group name
 * and ordinal: the order in a document changes no list that a role reads.
 */
export function wantedNodes(spec: Specification): readonly WantedNode[] {
  const groups = [...spec.groups].sort((a, b) => compareText(a.name, b.name));
  return groups.flatMap((group) => nodesOfGroup(spec.name, group));
}

function nodesOfGroup(deployment: string, group: NodeGroup): readonly WantedNode[] {
  const omitted = new Set(group.omit);
  const nodes: WantedNode[] = [];
  for (let ordinal = 1; nodes.length < group.count; ordinal += 1) {
    if (!omitted.has(ordinal)) nodes.push({ name: `${deployment}-${group.name}-${ordinal}`, ordinal, group });
  }
  return nodes;
}

/** The ordinal that ends a node's name; 0 where there is none, so that the deployment's own sort first. */
export function ordinalOf(node: string | null): number {
  const digits = node === null ? null : /-(\d+)$/.exec(node);
  return digits === null ? 0 : Number(digits[1]);
}

/** By code unit: the same on every machine, whatever its locale. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
