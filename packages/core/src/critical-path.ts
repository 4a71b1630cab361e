import type { Graph } from './graph.ts';

/**
 * The longest way from each vertex to the end of its graph, its own duration included. Gates take no time.
 * `durationMs` says how long a vertex of work is expected to take.
 */
export function remainingPathMs(graph: Graph, durationMs: (key: string) => number): ReadonlyMap<string, number> {
  const children = new Map<string, string[]>();
  const unfinishedChildren = new Map<string, number>();
  const parents = new Map<string, string[]>();
  for (const vertex of graph.vertices) {
    children.set(vertex.key, []);
    parents.set(vertex.key, []);
    unfinishedChildren.set(vertex.key, 0);
  }
  for (const edge of graph.edges) {
    children.get(edge.from)?.push(edge.to);
    parents.get(edge.to)?.push(edge.from);
    unfinishedChildren.set(edge.from, (unfinishedChildren.get(edge.from) ?? 0) + 1);
  }
  const own = new Map(graph.vertices.map((v) => [v.key, v.kind === 'gate' ? 0 : durationMs(v.key)]));
  const remaining = new Map<string, number>();
  const open = graph.vertices.filter((v) => unfinishedChildren.get(v.key) === 0).map((v) => v.key);
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    const longest = (children.get(key) ?? []).reduce((most, child) => Math.max(most, remaining.get(child) ?? 0), 0);
    remaining.set(key, (own.get(key) ?? 0) + longest);
    for (const parent of parents.get(key) ?? []) {
      const left = (unfinishedChildren.get(parent) ?? 0) - 1;
      unfinishedChildren.set(parent, left);
      if (left === 0) open.push(parent);
    }
  }
  return remaining;
}
