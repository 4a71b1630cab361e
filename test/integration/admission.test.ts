/** What may start when, who holds what, and what people do to a run; on simulated nodes. */
import { holds } from '@formwork/core';
import { cancelRun, type EventRow, readEvents, readRun, retryNodeRole, setPaused, skipNodeRole } from '@formwork/db';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { House } from '../support/house.ts';
import { allEvents, mostAtOnce, overlaps, violations } from '../support/oracle.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const machines = { bootMs: 20, destroyMs: 10 };
const quick = { defaultMs: 20 };

describe('admission', () => {
  let stage: Stage;
  let house: House;
  let siteId: string;
  const specification = (name: string, params: object, groups: readonly object[]): string =>
    JSON.stringify({
      name,
      workflow: 'probe',
      params,
      groups: groups.map((group) => ({ count: 1, site: 'here', ...group })),
    });
  const run = async (text: string): Promise<string> => house.runEnd((await house.apply(text)).runId);
  const idsOf = async (deployment: string, role: string): Promise<ReadonlySet<string>> =>
    new Set((await house.nodeRoles(deployment)).filter((row) => row.role === role).map(({ id }) => id));
  const eventsOf = (runId: string): Promise<readonly EventRow[]> =>
    readEvents(house.db, { after: 0, limit: 10_000, runId });

  beforeAll(async () => {
    stage = await openStage();
    ({ house } = stage);
    siteId = await house.addSite('here', 'sim', { ...machines, steps: quick });
    await house.startWorker({ slots: 64 });
  });
  afterAll(() => stage.close());

  it('lets one hold a lock at a time', async () => {
    const groups = [{ name: 'box', roles: ['locked'], count: 5 }];
    expect(await run(specification('lock', {}, groups))).toBe('succeeded');
    const { runId, planned } = await house.apply(specification('lock', { locked: { label: 'two' } }, groups));
    expect(planned).toBe(5);
    expect(await house.runEnd(runId)).toBe('succeeded');
    const ids = await idsOf('lock', 'locked');
    expect(mostAtOnce(await allEvents(house.db), ids)).toBe(1);
  });

  it('keeps to a share of the instances, and fills it', async () => {
    const groups = [{ name: 'box', roles: ['capped'], count: 10 }];
    expect(await run(specification('cap', {}, groups))).toBe('succeeded');
    const { runId } = await house.apply(specification('cap', { capped: { label: 'two' } }, groups));
    expect(await house.runEnd(runId)).toBe('succeeded');
    expect(mostAtOnce(await eventsOf(runId), await idsOf('cap', 'capped'))).toBe(2);
  });

  it('runs one after the other in a lane of a node, and lanes beside each other', async () => {
    const { runId } = await house.apply(specification('lane', {}, [{ name: 'box', roles: ['lanes'], count: 3 }]));
    expect(await house.runEnd(runId)).toBe('succeeded');
    const rows = (await house.nodeRoles('lane')).filter(({ role }) => role.startsWith('lane-'));
    const events = await eventsOf(runId);
    const laneOf = (row: (typeof rows)[number]): string => `${row.nodeId ?? ''} ${row.lane}`;
    expect(overlaps(events, new Map(rows.map((row) => [row.id, laneOf(row)])))).toEqual([]);
    const twoLanes = rows.filter(({ role, key }) => key.endsWith('-1') && role !== 'lane-two');
    expect(mostAtOnce(events, new Set(twoLanes.map(({ id }) => id)))).toBe(2);
  });

  it('stops a rollout at its first failures and says so', async () => {
    const groups = [
      { name: 'box', roles: ['capped'], count: 10 },
      { name: 'slow', roles: ['probe'] },
    ];
    expect(await run(specification('roll', {}, groups))).toBe('succeeded');
    const faults = [
      {
        kind: 'failing',
        roles: ['capped'],
        nodes: ['roll-*'],
        attempts: { from: 2, to: 2 },
        message: 'worse than before',
      },
    ];
    await house.configureSite(siteId, { ...machines, steps: { ...quick, roles: { probe: 3_000 } }, faults });
    const { runId } = await house.apply(
      specification('roll', { capped: { label: 'two' }, probe: { label: 'two' } }, groups),
    );
    const stopped = await until(
      'the rest is held back by both that were under way',
      async () =>
        [...(await house.reasons('roll'))].filter(
          ([, [reason]]) => reason?.kind === 'rollout-stopped' && reason.failed.length === 2,
        ),
      (held) => held.length === 8,
    );
    const failed = (await house.nodeRoles('roll')).filter((row) => row.state.state === 'failed').map(({ key }) => key);
    expect(failed).toHaveLength(2);
    expect(stopped[0]?.[1]).toEqual([{ kind: 'rollout-stopped', role: 'capped', failed }]);
    expect(await house.runEnd(runId)).toBe('failed');
    const untouched = (await house.nodeRoles('roll')).filter((row) => row.role === 'capped' && row.attempt === 1);
    expect(untouched).toHaveLength(8);
    expect((await house.reasons('roll')).get(untouched[0]?.key ?? '')).toEqual([
      { kind: 'rollout-stopped', role: 'capped', failed },
    ]);

    // Somebody mends it and lets one of the failed run again: it alone runs, the rest stays as long as another failed.
    await house.configureSite(siteId, { ...machines, steps: quick });
    const retry = async (key: string | undefined): Promise<string> => {
      const row = await house.nodeRole('roll', key ?? '');
      await house.db.transaction((tx) => retryNodeRole(tx, row.id, 'test'));
      return house.runEnd(runId);
    };
    expect(await retry(failed[0])).toBe('failed');
    expect((await house.nodeRole('roll', failed[0] ?? '')).state).toEqual({ state: 'active' });
    expect((await house.nodeRoles('roll')).filter((row) => row.role === 'capped' && row.attempt === 1)).toHaveLength(8);
    expect(await retry(failed[1])).toBe('succeeded');
    expect((await house.events('run.reopened')).map((event) => event.runId)).toEqual([runId, runId]);
    expect((await house.nodeRoles('roll')).every((row) => row.state.state === 'active')).toBe(true);
  });

  it('holds back what needs the failed one, and nothing else; a person may go on without it', async () => {
    const faults = [{ kind: 'failing', roles: ['probe'], nodes: ['need-box-1'], message: 'it is broken' }];
    await house.configureSite(siteId, { ...machines, steps: quick, faults });
    const { runId } = await house.apply(specification('need', {}, [{ name: 'box', roles: ['follower'], count: 2 }]));
    expect(await house.runEnd(runId)).toBe('failed');
    expect((await house.reasons('need')).get('follower@need-box-1')).toEqual([
      { kind: 'blocked-by-failed', keys: ['probe@need-box-1'] },
    ]);
    expect((await house.nodeRole('need', 'follower@need-box-2')).state).toEqual({ state: 'active' });

    const failed = await house.nodeRole('need', 'probe@need-box-1');
    await house.db.transaction((tx) => skipNodeRole(tx, failed.id, 'mended by hand', 'test'));
    expect(await house.runEnd(runId)).toBe('failed');
    expect((await house.nodeRole('need', 'probe@need-box-1')).state).toEqual({
      state: 'skipped',
      because: 'mended by hand',
    });
    expect((await house.reasons('need')).get('follower@need-box-1')).toEqual([
      { kind: 'blocked-by-failed', keys: ['probe@need-box-1'] },
    ]);
    const [skip] = await house.events('node-role.skipped');
    expect(skip?.data['because']).toBe('mended by hand');
    const follower = await house.nodeRole('need', 'follower@need-box-1');
    await house.db.transaction((tx) => skipNodeRole(tx, follower.id, 'it needs the other', 'test'));
    expect(await house.runEnd(runId)).toBe('succeeded');
  });

  it('starts nothing while paused, and goes on when resumed', async () => {
    await house.configureSite(siteId, { ...machines, steps: { defaultMs: 300 } });
    const { runId, deploymentId } = await house.apply(
      specification('pause', {}, [{ name: 'box', roles: ['lanes'], count: 3 }]),
    );
    await until(
      'work has begun',
      () => house.events('node-role.done'),
      (events) => events.some((event) => event.runId === runId),
    );
    await house.db.transaction((tx) => setPaused(tx, deploymentId, true, 'test'));
    const rows = await until(
      'what ran has ended and what follows is ready',
      () => house.nodeRoles('pause'),
      (all) =>
        all.some((row) => row.state.state === 'ready') &&
        all.every(
          (row) =>
            ['ready', 'blocked', 'active'].includes(row.state.state) && !('queued' in row.state && row.state.queued),
        ),
    );
    const waiting = rows.filter((row) => row.state.state === 'ready');
    expect(waiting.length).toBeGreaterThan(0);
    const reasons = await house.reasons('pause');
    for (const row of waiting) expect(reasons.get(row.key)).toEqual([{ kind: 'paused' }]);
    const [skipped] = waiting;
    if (skipped !== undefined) await house.db.transaction((tx) => skipNodeRole(tx, skipped.id, 'not today', 'test'));
    await house.db.transaction((tx) => setPaused(tx, deploymentId, false, 'test'));
    expect(await house.runEnd(runId)).toBe('succeeded');
    const ended = (await house.nodeRoles('pause')).filter((row) => row.state.state !== 'active');
    expect(ended.map(({ key }) => key)).toEqual([skipped?.key]);
  });

  it('starts nothing once cancelled, in whatever moment that was', async () => {
    await house.configureSite(siteId, { ...machines, steps: { defaultMs: 10 } });
    const text = specification('stop', {}, [{ name: 'box', roles: ['lanes', 'follower'], count: 4 }]);
    for (let round = 0; round < 5; round += 1) {
      // What was on its way when the last one was cancelled may still move: then the plan is made anew.
      const applied = await until(
        'the plan is approved',
        () => house.apply(text).catch(() => null),
        (plan) => plan !== null,
      );
      if (applied === null) return;
      const { runId, deploymentId } = applied;
      const done = (await house.events('node-role.done')).length;
      await until(
        'work goes on',
        async () =>
          (await house.events('node-role.done')).length > done + round ||
          (await readRun(house.db, runId))?.state !== 'running',
      );
      await house.db.transaction((tx) => cancelRun(tx, deploymentId, 'test')).catch(() => 'it was over already');
      await house.runEnd(runId);
      await until(
        'what ran has ended',
        () => house.nodeRoles('stop'),
        (rows) => rows.every((row) => !holds(row.state)),
      );
    }
    expect(await violations(house.db)).toEqual([]);
    expect(await run(text)).toBe('succeeded');
  });

  it('lets go of a lock that was kept for a retry, once cancelled', async () => {
    const faults = [{ kind: 'transient', roles: ['locked'], nodes: ['free-*'] }];
    await house.configureSite(siteId, { ...machines, steps: quick, faults });
    const { deploymentId } = await house.apply(
      specification('free', {}, [{ name: 'box', roles: ['locked'], count: 2 }]),
    );
    await until(
      'one is to be tried again',
      () => house.nodeRoles('free'),
      (rows) => rows.some((row) => row.state.state === 'failed' && row.state.retryAtMs !== null),
    );
    await house.db.transaction((tx) => cancelRun(tx, deploymentId, 'test'));
    await until(
      'what ran has ended',
      () => house.nodeRoles('free'),
      (rows) => rows.every((row) => !holds(row.state)),
    );
    expect(await violations(house.db)).toEqual([]);
  });
});
