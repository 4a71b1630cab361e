/** The engine's claims, on a model of it: docs/architecture.md, "What must always hold". */
import fc from 'fast-check';
import { type History, tell, violationsOf } from './history.ts';
import { engineRules, type Rules } from './rules.ts';
import type { SmallRole } from './small-content.ts';

const given = process.env['FORMWORK_TEST_SEED'];
const seed = given === undefined ? Date.now() % 2 ** 31 : Number(given);
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

/** Seed and path of a failure are in what fast-check prints. */

void fc; void tell; void engineRules; void seed; void histories;
const off = (process.env['OFF'] ?? '').split(',').filter((x) => x !== '');
const rules: Rules = { ...engineRules, ...Object.fromEntries(off.map((x) => [x, false])) };
const started = performance.now();
const kinds = new Map<string, number>();
const only = process.env['ONLY'];
const result = fc.check(fc.property(history, (one) => {
  const [first] = violationsOf(one, rules);
  if (first === undefined) return;
  const kind = first.split(':')[0] ?? '';
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  if (process.env['COUNT'] !== undefined) return;
  if (only !== undefined && only !== kind) return;
  throw new Error(first);
}), { seed, numRuns: histories });
console.log(JSON.stringify({ seed, off, ms: Math.round(performance.now() - started), runs: result.numRuns, failed: result.failed, kinds: Object.fromEntries(kinds) }));
if (result.failed) {
  const [one] = result.counterexample ?? [];
  console.log(String(result.errorInstance instanceof Error ? result.errorInstance.stack : result.errorInstance).slice(0, 1500));
  if (one !== undefined) { console.log(JSON.stringify({ ...one, deeds: undefined })); console.log(tell(one)); }
}
