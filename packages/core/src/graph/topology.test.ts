import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Edge, Graph } from '../graph.ts';
import { compareText } from './wanted-nodes.ts';
import { sortTopologically } from './topology.ts';

const graphs = fc
  .record({
    size: fc.integer({ min: 1, max: 12 }),
    pairs: fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 20 }),
  })
  .map(({ size, pairs }): Graph => {
    const name = (index: number) => `v${index % size}`;
    const edges = new Map(
      pairs.map(([a, b]): [string, Edge] => [`${a % size} ${b % size}`, { from: name(a), to: name(b), kind: 'hard' }]),
    );
    return {
      vertices: Array.from({ length: size }, (_, index) => ({
        kind: 'gate',
        key: name(index),
        min: null,
        edges: 'hard',
      })),
      edges: [...edges.values()],
    };
  });

describe('sortTopologically', () => {
  it('gives every vertex after its parents, or a cycle made of edges', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const topology = sortTopologically(graph, (a, b) => compareText(a.key, b.key));
        if (topology.ok) {
          const at = new Map(topology.order.map((vertex, index) => [vertex.key, index]));
          expect(at.size).toBe(graph.vertices.length);
          for (const { from, to } of graph.edges) expect(at.get(from)).toBeLessThan(at.get(to) ?? -1);
        } else {
          const edges = new Set(graph.edges.map(({ from, to }) => `${from} ${to}`));
          expect(topology.cycle.length).toBeGreaterThan(0);
          topology.cycle.forEach((from, index) => {
            const to = topology.cycle[(index + 1) % topology.cycle.length] ?? '';
            expect(edges).toContain(`${from} ${to}`);
          });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('takes the least of what is free', () => {
    const gate = (key: string) => ({ kind: 'gate', key, min: null, edges: 'hard' }) as const;
    const graph: Graph = {
      vertices: [gate('a'), gate('b'), gate('c')],
      edges: [{ from: 'c', to: 'a', kind: 'hard' }],
    };
    const topology = sortTopologically(graph, (a, b) => compareText(a.key, b.key));
    expect(topology.ok && topology.order.map(({ key }) => key)).toEqual(['b', 'c', 'a']);
  });
});
