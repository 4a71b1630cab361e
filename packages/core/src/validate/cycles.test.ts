import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findCycles } from './cycles.ts';

const graph = (edges: Record<string, string[]>): Map<string, string[]> => new Map(Object.entries(edges));

describe('findCycles', () => {
  it('names every cycle with its members in order', () => {
    expect(findCycles(graph({ a: ['b'], b: ['c'], c: ['a', 'd'], d: ['e'], e: ['d'], f: ['f'], g: ['a'] }))).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
      ['f'],
    ]);
  });

  it('finds none where every edge goes to a smaller number, and one when an edge goes back', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 100 }), (pairs) => {
        const edges = new Map<string, string[]>();
        for (const [a, b] of pairs) {
          if (a === b) continue;
          const [from, to] = a > b ? [a, b] : [b, a];
          edges.set(String(from), [...(edges.get(String(from)) ?? []), String(to)]);
        }
        expect(findCycles(edges)).toEqual([]);
        const first = [...edges][0];
        if (first === undefined) return;
        edges.set(first[1][0] ?? '', [...(edges.get(first[1][0] ?? '') ?? []), first[0]]);
        expect(findCycles(edges)).toHaveLength(1);
      }),
    );
  });

  it('survives a chain of 100,000', () => {
    const edges = new Map<string, string[]>();
    for (let i = 0; i < 100_000; i += 1) edges.set(String(i), [String(i + 1)]);
    expect(findCycles(edges)).toEqual([]);
  });
});
