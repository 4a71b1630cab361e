import type { Graph, Vertex } from '../graph.ts';

/** Either every vertex with its parents before it, or the vertices of one cycle in the direction of its edges. */
export type Topology =
  | { readonly ok: true; readonly order: readonly Vertex[] }
  | { readonly ok: false; readonly cycle: readonly string[] };

/**
 * Kahn's algorithm with a heap: among the vertices whose parents are all out, the least by `compare` goes next.
 * O((vertices + edges) log vertices).
 */
export function sortTopologically(graph: Graph, compare: (a: Vertex, b: Vertex) => number = () => 0): Topology {
  const ranked = [...graph.vertices].sort(compare);
  const rankOf = new Map(ranked.map((vertex, rank) => [vertex.key, rank]));
  const waiting = ranked.map(() => 0);
  const children = ranked.map((): number[] => []);
  for (const edge of graph.edges) {
    const from = rankOf.get(edge.from);
    const to = rankOf.get(edge.to);
    if (from === undefined || to === undefined) continue;
    children[from]?.push(to);
    waiting[to] = (waiting[to] ?? 0) + 1;
  }
  const heap: number[] = [];
  waiting.forEach((count, rank) => count === 0 && push(heap, rank));
  const order: Vertex[] = [];
  for (let rank = pop(heap); rank !== undefined; rank = pop(heap)) {
    const vertex = ranked[rank];
    if (vertex !== undefined) order.push(vertex);
    for (const child of children[rank] ?? []) {
      const left = (waiting[child] ?? 0) - 1;
      waiting[child] = left;
      if (left === 0) push(heap, child);
    }
  }
  if (order.length === ranked.length) return { ok: true, order };
  return { ok: false, cycle: findCycle(graph, new Set(order.map((vertex) => vertex.key))) };
}

/** Walks parents that are still waiting until one comes again. */
function findCycle(graph: Graph, done: ReadonlySet<string>): readonly string[] {
  const parents = new Map<string, string>();
  for (const { from, to } of graph.edges) {
    if (!done.has(from) && !done.has(to) && !parents.has(to)) parents.set(to, from);
  }
  const path: string[] = [];
  let at: string | undefined = [...parents.keys()][0];
  while (at !== undefined && !path.includes(at)) {
    path.push(at);
    at = parents.get(at);
  }
  return at === undefined ? path : path.slice(path.indexOf(at)).reverse();
}

function push(heap: number[], value: number): void {
  heap.push(value);
  let at = heap.length - 1;
  while (at > 0) {
    const above = (at - 1) >> 1;
    if ((heap[above] ?? 0) <= value) break;
    heap[at] = heap[above] ?? 0;
    at = above;
  }
  heap[at] = value;
}

function pop(heap: number[]): number | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (top === undefined || last === undefined || heap.length === 0) return top;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const right = left + 1;
    if (left >= heap.length) break;
    const least = right < heap.length && (heap[right] ?? 0) < (heap[left] ?? 0) ? right : left;
    if ((heap[least] ?? 0) >= last) break;
    heap[at] = heap[least] ?? 0;
    at = least;
  }
  heap[at] = last;
  return top;
}
