/** Seeded faults and people at the same time, on simulated nodes: whatever happens, all ends as it is wanted. */
import { FormworkError } from '@formwork/core';
import { cancelRun, readDeploymentByName, retryNodeRole, setPaused } from '@formwork/db';
import { readSimLedger } from '@formwork/providers';
import { approve } from '@formwork/workflows';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { House } from '../support/house.ts';
import { violations } from '../support/oracle.ts';
import { openStage, type Stage } from '../support/stage.ts';

const firstSeed = Number(process.env['FORMWORK_TEST_SEED'] ?? 1);
const seeds = [firstSeed, firstSeed + 1];
const deeds = 10;

/** 0 <= next() < 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const faults = [
  { kind: 'not-yet', probability: 0.15, times: 2, retryAfterMs: 60 },
  { kind: 'transient', probability: 0.1 },
  { kind: 'lost', probability: 0.1, roles: ['probe-checked'] },
  { kind: 'failing', probability: 0.05, attempts: { from: 1, to: 2 } },
  { kind: 'slow', probability: 0.2, factor: 6 },
  { kind: 'reboot', probability: 0.05 },
  { kind: 'create-lost', probability: 0.2 },
  { kind: 'lying-ready', probability: 0.1 },
  { kind: 'lying-destroy', probability: 0.2 },
  { kind: 'failing-destroy', probability: 0.1, times: 1 },
  {
    kind: 'throttled',
    operations: ['ensure', 'observe'],
    probability: 0.1,
    retryAfterMs: 50,
    calls: { from: 1, to: null },
  },
];

describe('a deployment among faults', () => {
  let stage: Stage;
  let house: House;
  beforeAll(async () => {
    stage = await openStage();
    ({ house } = stage);
    await house.startWorker({ id: 'worker-0' });
  });
  afterAll(() => stage.close());

  it.each(seeds)('ends as it is wanted (seed %i)', async (seed) => {
    const random = randomOf(seed);
    const pick = (count: number): number => Math.floor(random() * count);
    const name = `chaos-${seed}`;
    const siteId = await house.addSite(name, 'sim', {
      seed,
      bootMs: { min: 10, max: 150 },
      destroyMs: 20,
      steps: { defaultMs: { min: 5, max: 80 } },
      faults,
    });
    const specification = (): string =>
      JSON.stringify({
        name,
        workflow: 'probe',
        params: { probe: { label: `l${pick(3)}` }, locked: { label: `l${pick(3)}` }, capped: { label: `l${pick(3)}` } },
        groups: [
          { name: 'aa', roles: ['follower'], count: 1 + pick(3), site: name },
          { name: 'bb', roles: ['checked', 'locked'], count: 1 + pick(3), site: name },
          { name: 'cc', roles: ['capped', 'lanes'], count: 1 + pick(4), site: name },
        ],
      });
    let workers = 0;
    const deployment = async () => (await readDeploymentByName(house.db, name))?.id ?? '';
    const perform: readonly (() => Promise<unknown>)[] = [
      () => applied(specification()),
      () => applied(specification()),
      async () => {
        const id = await deployment();
        await house.db.transaction((tx) => setPaused(tx, id, true, 'test'));
        await breathe(50);
        await house.db.transaction((tx) => setPaused(tx, id, false, 'test'));
      },
      async () => {
        await house.stopScheduler();
        await breathe(100);
        house.startScheduler();
      },
      async () => {
        const former = `${name}-worker-${workers}`;
        workers += 1;
        await house.startWorker({ id: `${name}-worker-${workers}` });
        await house.stopWorker(workers === 1 ? `worker-0` : former);
      },
      async () => {
        const failed = (await house.nodeRoles(name)).find((row) => row.state.state === 'failed');
        if (failed !== undefined) await house.db.transaction((tx) => retryNodeRole(tx, failed.id, 'test'));
      },
      async () => {
        const id = await deployment();
        await house.db.transaction((tx) => cancelRun(tx, id, 'test'));
      },
    ];
    await house.apply(specification());
    for (let deed = 0; deed < deeds; deed += 1) {
      await breathe(20 + pick(250));
      await (perform[pick(perform.length)]?.() ?? Promise.resolve()).catch(refusedOnly);
    }
    const wanted = specification();
    // Names of machines whose destruction was broken off are free once it has gone to its end.
    const fewest = wanted.replaceAll(/"count":\d/g, '"count":1');
    expect(await untilSucceeded(async () => (await house.apply(fewest)).runId)).toBe('succeeded');
    expect(await untilSucceeded(async () => (await house.apply(wanted)).runId)).toBe('succeeded');
    const rows = await house.nodeRoles(name);
    expect(rows.filter((row) => row.state.state !== 'active').map((row) => [row.key, row.state])).toEqual([]);
    const same = await house.apply(wanted);
    expect([same.planned, rows.length]).toEqual([0, same.total]);
    expect(await house.runEnd(same.runId)).toBe('succeeded');
    expect(await violations(house.db)).toEqual([]);

    const ledger = readSimLedger(`${house.dataDirectory}/sim/${siteId}`);
    expect(ledger.length).toBeGreaterThan(0);
    expect(ledger.filter((entry) => entry.starts > 1)).toEqual([]);

    const deploymentId = await deployment();
    expect(await untilSucceeded(async () => (await house.destroy(name)).runId)).toBe('succeeded');
    expect(await house.nodeRoles(name)).toEqual([]);
    expect(await house.ask(siteId, 'leak-check', { deploymentId })).toEqual({ found: [] });
  });

  /** Refused with a reason while a machine of that name is being destroyed; anything else must be approved. */
  async function applied(text: string): Promise<void> {
    const proposal = await house.propose(text);
    if (proposal.ok) await approve(house.planning, { planId: proposal.value.planId, actor: 'test', taskParams: null });
    else expect(proposal.problems.map(({ code }) => code)).toEqual(proposal.problems.map(() => 'node-being-destroyed'));
  }

  /** A run may end failed where a step used up its tries; a plan may be outdated by what moved. Both are asked again. */
  async function untilSucceeded(start: () => Promise<string>): Promise<string> {
    for (let tries = 0; tries < 30; tries += 1) {
      const runId = await start().catch(refusedOnly);
      const state = typeof runId === 'string' ? await house.runEnd(runId) : 'refused';
      if (state === 'succeeded') return state;
    }
    return 'never';
  }
});

const breathe = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Saying no is right; anything else is not. */
function refusedOnly(error: unknown): void {
  if (!(error instanceof FormworkError) || error.kind !== 'conflict') throw error;
}
