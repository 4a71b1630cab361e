import type { Graph } from '@formwork/core';

/** When an attempt of a node-role started and ended, milliseconds since the epoch. */
export interface AttemptSpan {
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** For each node-role how long after the last of its parents it started, milliseconds; gates are looked through. */
export function dispatchMs(graph: Graph, spans: ReadonlyMap<string, AttemptSpan>): readonly number[] {
  const children = new Map<string, string[]>();
  const missing = new Map<string, number>();
  for (const edge of graph.edges) {
    const known = children.get(edge.from);
    if (known === undefined) children.set(edge.from, [edge.to]);
    else known.push(edge.to);
    missing.set(edge.to, (missing.get(edge.to) ?? 0) + 1);
  }
  const readyAtMs = new Map<string, number>();
  const waits: number[] = [];
  const byKey = new Map(graph.vertices.map((vertex) => [vertex.key, vertex]));
  const open = graph.vertices.filter((vertex) => !missing.has(vertex.key)).map((vertex) => vertex.key);
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    const vertex = byKey.get(key);
    const span = vertex?.kind === 'node-role' ? spans.get(vertex.nodeRole) : undefined;
    const ready = readyAtMs.get(key);
    if (span !== undefined && ready !== undefined) waits.push(span.startedAtMs - ready);
    const doneAtMs = span?.endedAtMs ?? ready ?? 0;
    for (const child of children.get(key) ?? []) {
      readyAtMs.set(child, Math.max(readyAtMs.get(child) ?? 0, doneAtMs));
      const left = (missing.get(child) ?? 0) - 1;
      missing.set(child, left);
      if (left === 0) open.push(child);
    }
  }
  return waits;
}
