/** The engine's claims, on a model of it: docs/architecture.md, "What must always hold". */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type History, tell, violationsOf } from './history.ts';
import { engineRules, type Rules } from './rules.ts';
import type { SmallRole } from './small-content.ts';

const seed = Number(process.env['FORMWORK_TEST_SEED'] ?? 1);
const histories = Number(process.env['FORMWORK_MODEL_HISTORIES'] ?? 10_000);

const role: fc.Arbitrary<SmallRole> = fc.record({
  stage: fc.nat(2),
  placement: fc.constantFrom('each', 'each', 'each-a', 'once', 'deployment'),
  requires: fc.array(fc.nat(20), { maxLength: 2 }),
  after: fc.array(fc.nat(20), { maxLength: 1 }),
  needs: fc.array(
    fc.record({
      of: fc.nat(20),
      from: fc.constantFrom('all', 'any', 'one', 'founders', 'peers'),
      tracked: fc.boolean(),
      on: fc.constant('both'),
      quorum: fc.boolean(),
    }),
    { maxLength: 1 },
  ),
  cluster: fc.constantFrom(null, null, null, 'parallel', 'serial'),
  traits: fc.record({
    lock: fc.constantFrom('none', 'none', 'deployment', 'site'),
    max: fc.constantFrom(null, null, 1, '50%'),
    lane: fc.constantFrom('main', 'side'),
    removable: fc.boolean(),
    checks: fc.boolean(),
    param: fc.constantFrom(null, 'v', 'w'),
    output: fc.constantFrom('fixed', 'of-param', 'written'),
    lostIsRetried: fc.boolean(),
    inWorker: fc.constantFrom(false, false, false, true),
  }),
});

const history: fc.Arbitrary<History> = fc.record({
  roles: fc.array(role, { minLength: 1, maxLength: 4 }),
  barrier: fc.boolean(),
  a: fc.integer({ min: 1, max: 3 }),
  b: fc.integer({ min: 0, max: 2 }),
  deeds: fc.array(fc.tuple(fc.nat(99_999), fc.nat(9_999)), { minLength: 10, maxLength: 80, size: 'max' }),
});

const check = (rules: Rules, numRuns: number, shrinks: boolean) =>
  fc.check(
    fc.property(history, (one) => {
      const [first] = violationsOf(one, rules);
      if (first !== undefined) throw new Error(`${first}\n${tell(one)}`);
    }),
    { seed, numRuns, endOnFailure: !shrinks },
  );

/** Rules that are turned off one at a time, and the most histories that it takes to notice. */
const broken: readonly (readonly [keyof Rules, number])[] = [
  ['nodeKnowsAttempt', 2_000],
  ['nodeLocksLane', 5_000],
  ['claimNeedsLease', 1_000],
  ['claimRaisesFence', 500],
  ['claimSoils', 500],
  ['lanesHold', 500],
  ['locksHold', 500],
  ['maxHolds', 500],
  ['graphHolds', 500],
  ['stopsHold', 500],
  ['redrives', 500],
  ['lookNeedsState', 2_000],
  ['carriedIsJudged', 3_000],
  ['claimNeedsDispatch', 3_000],
  ['nodeClearsOrphans', 4_000],
  ['resultNeedsFence', 3_000],
];

describe('the engine, on a model', () => {
  it(`keeps what must always hold (seed ${seed})`, { timeout: 900_000 }, () => {
    const result = check(engineRules, histories, true);
    // Seed and path are in the report; the deeds of the smallest history are in the error.
    const report = result.failed ? `${fc.defaultReportMessage(result)}\n${String(result.errorInstance)}` : '';
    expect(report).toBe('');
  });

  it.each(broken)(`would notice without %s, in %i histories (seed ${seed})`, { timeout: 300_000 }, (rule, numRuns) => {
    expect(check({ ...engineRules, [rule]: false }, numRuns, false).failed).toBe(true);
  });
});
