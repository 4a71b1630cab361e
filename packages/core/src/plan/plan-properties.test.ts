import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Actual } from '../actual.ts';
import { bindDeployment } from '../graph/bind-deployment.ts';
import { buildGraph } from '../graph/build-graph.ts';
import type { Graph } from '../graph.ts';
import type { Plan } from '../plan.ts';
import type { Content } from '../role.ts';
import type { Specification } from '../specification.ts';
import { here } from '../testing/etcd-fixture.ts';
import { evaluate } from '../testing/evaluate.ts';
import { emptyActual, perform } from '../testing/perform.ts';
import { contentOf } from '../testing/random-content.ts';
import type { RandomContent, RandomOptions, RoleDraft } from '../testing/random-content.ts';
import { planDeployment } from './plan-deployment.ts';

const sites = [here];

const roleDraft: fc.Arbitrary<RoleDraft> = fc.record({
  stage: fc.nat(2),
  placement: fc.constantFrom('each', 'each', 'each-a', 'once', 'deployment'),
  requires: fc.array(fc.nat(20), { maxLength: 2 }),
  after: fc.array(fc.nat(20), { maxLength: 1 }),
  needs: fc.array(
    fc.record({
      of: fc.nat(20),
      from: fc.constantFrom('all', 'any', 'one', 'founders', 'peers'),
      tracked: fc.boolean(),
      on: fc.constantFrom('both', 'both', 'create', 'change'),
      quorum: fc.boolean(),
    }),
    { maxLength: 2 },
  ),
  cluster: fc.constantFrom(null, null, 'parallel', 'serial'),
});

const randomContent = (options: RandomOptions): fc.Arbitrary<RandomContent> =>
  fc
    .record({ drafts: fc.array(roleDraft, { minLength: 1, maxLength: 8 }), barrier: fc.boolean() })
    .map(({ drafts, barrier }) => contentOf(drafts, barrier, options));

function plan(content: Content, wanted: Specification, actual: Actual): Plan {
  const checked = planDeployment({ wanted, actual, content, sites, evaluate, purpose: 'apply' });
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.value;
}

function apply(content: Content, wanted: Specification, actual: Actual): Actual {
  return perform({ content, sites }, wanted, plan(content, wanted, actual), actual);
}

function expectSound(graph: Graph): void {
  const keys = new Set(graph.vertices.map((vertex) => vertex.key));
  expect(keys.size).toBe(graph.vertices.length);
  for (const { from, to } of graph.edges) {
    expect(keys).toContain(from);
    expect(keys).toContain(to);
  }
}

const sizes = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }));

describe('any content', () => {
  it('gives a sound graph or says what is wrong with it', () => {
    fc.assert(
      fc.property(randomContent({ orderly: false, trackedLists: true }), sizes, ({ content, spec }, [a, b]) => {
        const { bindings, problems } = bindDeployment({ spec: spec(a, b), content, sites, actual: emptyActual });
        if (bindings === null || problems.length > 0) {
          expect(problems.map(({ message }) => message.length > 10)).not.toContain(false);
          return;
        }
        const graph = buildGraph(bindings);
        if (graph.ok) expectSound(graph.value);
        else for (const { code } of graph.problems) expect(['cycle', 'missing-requirement']).toContain(code);
      }),
      { numRuns: 150 },
    );
  });
});

describe('content whose roles look back only', () => {
  const orderly = randomContent({ orderly: true, trackedLists: true });

  it('can be planned, and run in the order of the plan', () => {
    fc.assert(
      fc.property(orderly, sizes, ({ content, spec }, [a, b]) => {
        const first = plan(content, spec(a, b), emptyActual);
        expect(first.actions).toHaveLength(first.total);
        expectSound(first.graph);
        perform({ content, sites }, spec(a, b), first, emptyActual);
      }),
      { numRuns: 120 },
    );
  });

  it('needs nothing when planned again', () => {
    fc.assert(
      fc.property(orderly, sizes, sizes, ({ content, spec }, [a, b], [moreA, moreB]) => {
        const built = apply(content, spec(a, b), emptyActual);
        expect(plan(content, spec(a, b), built).actions).toEqual([]);
        const grown = apply(content, spec(a + moreA, b + moreB), built);
        expect(plan(content, spec(a + moreA, b + moreB), grown).actions).toEqual([]);
      }),
      { numRuns: 120 },
    );
  });

  it('runs nothing on other nodes for a new one, unless a list of members is tracked', () => {
    fc.assert(
      fc.property(randomContent({ orderly: true, trackedLists: false }), sizes, ({ content, spec }, [a, b]) => {
        const built = apply(content, spec(a, b), emptyActual);
        const there = new Set(built.nodes.map((node) => node.name));
        const grown = plan(content, spec(a + 1, b), built);
        expect(grown.actions.filter(({ node }) => node !== null && there.has(node))).toEqual([]);
        expect(grown.actions.length).toBeGreaterThan(0);
      }),
      { numRuns: 120 },
    );
  });

  it('has edges that grow with the nodes, not with their pairs', () => {
    fc.assert(
      fc.property(orderly, ({ content, spec }) => {
        const edges = (count: number) => plan(content, spec(count, 2), emptyActual).graph.edges.length;
        expect(edges(12) - edges(8)).toBe(edges(8) - edges(4));
      }),
      { numRuns: 100 },
    );
  });

  it('lets a node go again, after those who read it', () => {
    fc.assert(
      fc.property(orderly, sizes, ({ content, spec }, [a, b]) => {
        const built = apply(content, spec(a + 1, b), emptyActual);
        const shrunk = planDeployment({
          wanted: spec(a, b),
          actual: built,
          content,
          sites,
          evaluate,
          purpose: 'apply',
        });
        if (!shrunk.ok) throw new Error(JSON.stringify(shrunk.problems));
        expectSound(shrunk.value.graph);
        expect(shrunk.value.actions.at(-1)).toMatchObject({ action: 'destroy-node', node: `d-a-${a + 1}` });
        const after = perform({ content, sites }, spec(a, b), shrunk.value, built);
        expect(plan(content, spec(a, b), after).actions).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
