import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Edge, GateVertex, Graph, Vertex, WorkVertex } from './graph.ts';
import type { NodeRoleState } from './node-role.ts';
import { createSchedule, type Standing } from './schedule.ts';
import { type NodeRoleEvent, transition } from './transition.ts';

const work = (key: string): WorkVertex => ({
  kind: 'node-role',
  key,
  nodeRole: key,
  purpose: 'apply',
  role: key,
  as: key,
  node: null,
  group: null,
  stage: 's',
  lane: 'main',
  founder: false,
});

/** Random layered graphs: work and gates, hard and order edges, gates with and without a threshold. */
const graphs: fc.Arbitrary<Graph> = fc
  .array(
    fc.record({
      gate: fc.boolean(),
      hardGate: fc.boolean(),
      min: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
      parents: fc.array(fc.record({ at: fc.nat(40), hard: fc.boolean() }), { maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((rows) => {
    const vertices: Vertex[] = [];
    const edges: Edge[] = [];
    rows.forEach((row, index) => {
      const key = `v${index}`;
      const gate: GateVertex = {
        kind: 'gate',
        key,
        min: row.hardGate ? row.min : null,
        edges: row.hardGate ? 'hard' : 'order',
      };
      const vertex = row.gate ? gate : work(key);
      vertices.push(vertex);
      const seen = new Set<number>();
      for (const parent of row.parents) {
        if (index === 0) break;
        const at = parent.at % index;
        if (seen.has(at)) continue;
        seen.add(at);
        const kind = vertex.kind === 'gate' ? vertex.edges : parent.hard ? 'hard' : 'order';
        edges.push({ from: `v${at}`, to: key, kind });
      }
    });
    return { vertices, edges };
  });

interface Truth {
  readonly satisfied: boolean;
  readonly through: boolean;
  readonly dead: boolean;
}

/** The meaning of the graph, vertex by vertex in order, without any counter: what the schedule must agree with. */
function truthOf(
  graph: Graph,
  standings: ReadonlyMap<string, Standing>,
): ReadonlyMap<string, Truth & { readonly eligible: boolean }> {
  const truth = new Map<string, Truth & { eligible: boolean }>();
  for (const vertex of graph.vertices) {
    const parents = graph.edges.filter((edge) => edge.to === vertex.key);
    const hard = parents.filter((edge) => edge.kind === 'hard').flatMap((edge) => truth.get(edge.from) ?? []);
    const order = parents.filter((edge) => edge.kind === 'order').flatMap((edge) => truth.get(edge.from) ?? []);
    const need = vertex.kind === 'gate' && vertex.min !== null ? Math.min(vertex.min, hard.length) : hard.length;
    const have = hard.filter((parent) => parent.satisfied).length;
    const possible = hard.filter((parent) => parent.satisfied || !(parent.dead || parent.through)).length;
    const open = have >= need && order.every((parent) => parent.through);
    if (vertex.kind === 'gate') {
      const dead = !open && possible < need;
      truth.set(vertex.key, { satisfied: open, through: open || dead, dead, eligible: false });
      continue;
    }
    const standing = standings.get(vertex.key) ?? 'pending';
    const dead = standing === 'pending' && possible < need;
    truth.set(vertex.key, {
      satisfied: standing === 'ok',
      through: standing !== 'pending' || dead,
      dead,
      eligible: standing === 'pending' && !dead && open,
    });
  }
  return truth;
}

const pick = <T>(items: readonly T[], at: number): T | undefined => items[at % Math.max(1, items.length)];

describe('schedule', () => {
  it('agrees with the meaning of the graph after every event, in any order, with failures, skips and retries', () => {
    fc.assert(
      fc.property(
        graphs,
        fc.array(fc.record({ at: fc.nat(), what: fc.nat(9) }), { maxLength: 80 }),
        (graph, events) => {
          const standings = new Map<string, Standing>();
          const schedule = createSchedule(graph, standings);
          const keys = graph.vertices.filter((vertex) => vertex.kind === 'node-role').map((vertex) => vertex.key);
          for (const event of events) {
            const open = schedule.eligible();
            const settled = keys.filter((key) => (standings.get(key) ?? 'pending') !== 'pending');
            // Mostly steps end well; at times one fails, is skipped, or something that had ended goes back to work.
            const back = event.what === 9;
            const key = back ? pick(settled, event.at) : pick(open, event.at);
            if (key === undefined) continue;
            const standing: Standing = back
              ? 'pending'
              : event.what === 8
                ? 'skipped'
                : event.what === 7
                  ? 'failed'
                  : 'ok';
            standings.set(key, standing);
            schedule.settle(key, standing);
            const truth = truthOf(graph, standings);
            expect([...schedule.eligible()].sort()).toEqual(
              keys.filter((one) => truth.get(one)?.eligible === true).sort(),
            );
            for (const one of keys) {
              if ((standings.get(one) ?? 'pending') === 'pending')
                expect(schedule.isDead(one)).toBe(truth.get(one)?.dead);
            }
            const counted = { pending: 0, ok: 0, failed: 0, skipped: 0, dead: 0 };
            for (const one of keys)
              counted[truth.get(one)?.dead === true ? 'dead' : (standings.get(one) ?? 'pending')] += 1;
            expect(schedule.counts()).toEqual(counted);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('always finishes when every step succeeds, and never lets one run before its hard parents', () => {
    fc.assert(
      fc.property(graphs, fc.array(fc.nat(), { maxLength: 60 }), (graph, order) => {
        const schedule = createSchedule(graph, new Map());
        const states = new Map<string, NodeRoleState>();
        const count = graph.vertices.filter((vertex) => vertex.kind === 'node-role').length;
        let steps = 0;
        for (;;) {
          const key = pick(schedule.eligible(), order[steps] ?? 0);
          if (key === undefined) break;
          steps += 1;
          for (const edge of graph.edges) {
            if (edge.to !== key || edge.kind !== 'hard' || !edge.from.startsWith('v')) continue;
            const parent = graph.vertices.find((vertex) => vertex.key === edge.from);
            if (parent?.kind === 'node-role') expect(states.get(edge.from)).toEqual({ state: 'active' });
          }
          states.set(
            key,
            walk({ state: 'blocked' }, [
              { kind: 'released' },
              { kind: 'enqueued' },
              { kind: 'claimed', attempt: 1 },
              { kind: 'done' },
            ]),
          );
          schedule.settle(key, 'ok');
        }
        expect(steps).toBe(count);
        expect(schedule.counts()).toMatchObject({ ok: count, pending: 0, dead: 0 });
      }),
      { numRuns: 300 },
    );
  });

  it('opens children with what a settled vertex answers, so that nobody has to look at the whole graph', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const schedule = createSchedule(graph, new Map());
        let open = new Set(schedule.eligible());
        for (;;) {
          const [key] = open;
          if (key === undefined) break;
          const { opened } = schedule.settle(key, 'ok');
          open.delete(key);
          open = new Set([...open, ...opened]);
          expect([...open].sort()).toEqual([...schedule.eligible()].sort());
        }
      }),
    );
  });

  it('names the failed root of what can never come', () => {
    const graph: Graph = {
      vertices: [work('a'), { kind: 'gate', key: 'g', min: null, edges: 'hard' }, work('b'), work('c')],
      edges: [
        { from: 'a', to: 'g', kind: 'hard' },
        { from: 'g', to: 'b', kind: 'hard' },
        { from: 'b', to: 'c', kind: 'hard' },
      ],
    };
    const schedule = createSchedule(graph, new Map([['a', 'failed']]));
    expect(schedule.isDead('c')).toBe(true);
    expect(schedule.blockers('c').failed).toEqual(['a']);
    expect(schedule.blockers('b').failed).toEqual(['a']);
  });
});

function walk(from: NodeRoleState, events: readonly NodeRoleEvent[]): NodeRoleState {
  return events.reduce((state, event) => {
    const next = transition(state, event);
    if (next === null) throw new Error(`${event.kind} in ${state.state}`);
    return next;
  }, from);
}
