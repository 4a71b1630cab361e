import { compareText, ordinalOf } from './wanted-nodes.ts';

/** `edge-etcd-1..3`, `edge-etcd-1,3..5`, several groups joined by a blank: many node names in few words. */
export function nodeRanges(nodes: readonly string[]): string {
  const byPrefix = new Map<string, number[]>();
  for (const node of new Set(nodes)) {
    const prefix = node.replace(/\d+$/, '');
    byPrefix.set(prefix, [...(byPrefix.get(prefix) ?? []), ordinalOf(node)]);
  }
  return [...byPrefix]
    .sort(([a], [b]) => compareText(a, b))
    .map(([prefix, ordinals]) => `${prefix}${ranges(ordinals)}`)
    .join(' ');
}

/** `1..3,5`. */
export function ranges(numbers: readonly number[]): string {
  const runs: { first: number; last: number }[] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && number === run.last + 1) run.last = number;
    else runs.push({ first: number, last: number });
  }
  return runs.map(({ first, last }) => (first === last ? `${first}` : `${first}..${last}`)).join(',');
}
