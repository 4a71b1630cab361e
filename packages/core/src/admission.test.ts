import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admit, type Candidate, refusal, type World } from './admission.ts';

const candidate = (given: Partial<Candidate> & { readonly id: string }): Candidate => ({
  key: given.id,
  deploymentId: 'd1',
  site: 'here',
  nodeId: given.id,
  node: given.id,
  lane: 'main',
  alone: false,
  role: 'r',
  lock: null,
  max: null,
  rollout: false,
  creates: false,
  needsNode: true,
  remainingMs: 0,
  since: 0,
  ...given,
});

const world = (given: Partial<World> = {}): World => ({
  freeSlots: new Map([['here', 100]]),
  pausedDeployments: new Set(),
  node: () => undefined,
  lanes: new Map(),
  locks: new Map(),
  roleHolds: new Map(),
  creates: new Map(),
  maxCreates: new Map(),
  stoppedRollouts: new Map(),
  weights: new Map(),
  held: new Map(),
  served: new Map(),
  ...given,
});

const ids = (candidates: readonly Candidate[]): string[] => candidates.map((one) => one.id);

describe('admission', () => {
  it('lets a machine go only when nothing on it is at work, in whatever lane', () => {
    const machine = candidate({ id: 'machine', nodeId: 'n1', node: 'n1', alone: true });
    const lanes = new Map([['n1 side', 'role@n1']]);
    expect(refusal(machine, world({ lanes }))).toEqual({ kind: 'waiting-for', what: 'node-roles', keys: ['role@n1'] });
    expect(refusal(machine, world({ lanes: new Map([['n10 side', 'role@n10']]) }))).toBeNull();
  });

  it('never exceeds slots, lanes, locks or limits, whatever wants to start', () => {
    const candidates = fc.array(
      fc.record({
        node: fc.nat(5),
        lock: fc.boolean(),
        max: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
        deployment: fc.nat(2),
        remaining: fc.nat(9),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(candidates, fc.nat(10), (rows, slots) => {
        const all = rows.map((row, index) =>
          candidate({
            id: `c${index}`,
            nodeId: `n${row.node}`,
            deploymentId: `d${row.deployment}`,
            lock: row.lock ? { name: 'l', scopeKey: `d${row.deployment}` } : null,
            role: row.max === null ? 'free' : `limited${row.max}`,
            max: row.max,
            remainingMs: row.remaining,
          }),
        );
        const admitted = admit(all, world({ freeSlots: new Map([['here', slots]]) }));
        expect(admitted.length).toBeLessThanOrEqual(slots);
        expect(new Set(admitted.map((one) => one.nodeId)).size).toBe(admitted.length);
        for (const deploymentId of ['d0', 'd1', 'd2']) {
          const mine = admitted.filter((one) => one.deploymentId === deploymentId);
          expect(mine.filter((one) => one.lock !== null).length).toBeLessThanOrEqual(1);
          for (const max of [1, 2, 3]) expect(mine.filter((one) => one.max === max).length).toBeLessThanOrEqual(max);
        }
        // Nobody is held back without a reason.
        const after = world({ freeSlots: new Map([['here', slots]]) });
        const again = admit(all, after);
        for (const one of all) if (!again.includes(one)) expect(refusal(one, after)).not.toBeNull();
      }),
    );
  });

  it('takes the longest remaining path first, and a lock in the order of coming', () => {
    const lock = { name: 'l', scopeKey: 'd1' };
    const first = admit(
      [
        candidate({ id: 'short', remainingMs: 1 }),
        candidate({ id: 'long', remainingMs: 9 }),
        candidate({ id: 'late', remainingMs: 8, lock, since: 2 }),
        candidate({ id: 'early', remainingMs: 2, lock, since: 1 }),
      ],
      world({ freeSlots: new Map([['here', 2]]) }),
    );
    expect(ids(first)).toEqual(['long', 'early']);
  });

  it('shares slots between deployments, by weight', () => {
    const many = [...Array(20).keys()].flatMap((i) => [
      candidate({ id: `a${i}`, deploymentId: 'a' }),
      candidate({ id: `b${i}`, deploymentId: 'b' }),
    ]);
    const even = admit(many, world({ freeSlots: new Map([['here', 10]]) }));
    expect(even.filter((one) => one.deploymentId === 'a')).toHaveLength(5);
    const weighted = admit(many, world({ freeSlots: new Map([['here', 8]]), weights: new Map([['a', 3]]) }));
    expect(weighted.filter((one) => one.deploymentId === 'a')).toHaveLength(6);
  });

  it.each<[string, Partial<Candidate>, Partial<World>, string]>([
    ['paused', {}, { pausedDeployments: new Set(['d1']) }, 'paused'],
    [
      'a node that does not answer',
      {},
      { node: () => ({ reachable: false, locked: false, maintenance: false }) },
      'node-unreachable',
    ],
    ['a locked node', {}, { node: () => ({ reachable: true, locked: true, maintenance: false }) }, 'node-locked'],
    ['maintenance', {}, { node: () => ({ reachable: true, locked: false, maintenance: true }) }, 'maintenance'],
    ['a stopped rollout', { rollout: true }, { stoppedRollouts: new Map([['d1 r', ['x']]]) }, 'rollout-stopped'],
    ['no worker', {}, { freeSlots: new Map() }, 'no-worker'],
    ['no slot', {}, { freeSlots: new Map([['here', 0]]) }, 'limit'],
    [
      'creates at once',
      { creates: true },
      { creates: new Map([['here', 2]]), maxCreates: new Map([['here', 2]]) },
      'limit',
    ],
    ['a held lock', { lock: { name: 'l', scopeKey: 's' } }, { locks: new Map([['l s', 'other']]) }, 'waiting-for-lock'],
  ])('says why: %s', (_, wants, found, kind) => {
    expect(refusal(candidate({ id: 'c', ...wants }), world(found))?.kind).toBe(kind);
  });

  it('lets a retried node-role go on under the lock it still holds', () => {
    const lock = { name: 'l', scopeKey: 's' };
    expect(refusal(candidate({ id: 'c', lock }), world({ locks: new Map([['l s', 'c']]) }))).toBeNull();
  });
});
