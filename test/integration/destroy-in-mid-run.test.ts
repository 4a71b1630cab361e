import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { type House, openHouse } from '../support/house.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';

const example = readFileSync(path.resolve(import.meta.dirname, '../../examples/etcd.yaml'), 'utf8');

describe('a deployment that is destroyed in mid-run', () => {
  let database: TestDatabase;
  let redis: TestRedis | null = null;
  let house: House;

  beforeAll(async () => {
    database = await startTestDatabase();
    if (process.env['FORMWORK_TEST_QUEUE'] === 'redis') redis = await startTestRedis();
    house = await openHouse({ databaseUrl: database.url, redisUrl: redis?.url ?? null });
    // They would take an hour to come up: only stopping the creates ends the test.
    await house.addSite('here', 'sim', { bootMs: 3_600_000, callMs: 150 });
    await house.addSite('busy', 'sim', { bootMs: 10, steps: { defaultMs: 3_600_000 } });
  });
  afterAll(async () => {
    await house.close();
    await redis?.stop();
    await database.stop();
  });

  it.each(['running', 'waiting'])('stops creates that are %s, and ends with nothing left', async (state) => {
    const worker = await house.startWorker();
    await house.apply(example);
    await until(`a machine is ${state}`, async () =>
      (await house.nodeRoles('edge')).some((row) => row.as === 'machine' && row.state.state === state),
    );
    const run = await house.destroy('edge');
    expect(await house.runEnd(run.runId)).toBe('succeeded');
    expect(await house.nodeRoles('edge')).toEqual([]);
    const open = await house.db.query(`SELECT 1 FROM attempts WHERE state IN ('running', 'waiting')`);
    const holds = await house.db.query('SELECT 1 FROM claims UNION ALL SELECT 1 FROM lock_holds');
    expect([open, holds]).toEqual([[], []]);
    await worker.close();
  });

  it('ends steps whose worker is gone, so that their machines can go', async () => {
    const worker = await house.startWorker();
    await house.apply(example.replace('site: here', 'site: busy'));
    await until('a step runs', async () =>
      (await house.nodeRoles('edge')).some((row) => row.as === 'host-hosts' && row.state.state === 'running'),
    );
    await worker.close();
    const run = await house.destroy('edge');
    const next = await house.startWorker();
    expect(await house.runEnd(run.runId)).toBe('succeeded');
    expect(await house.db.query('SELECT 1 FROM claims UNION ALL SELECT 1 FROM lock_holds')).toEqual([]);
    await next.close();
  });

  it('can be destroyed again while its destruction has not begun', async () => {
    const worker = await house.startWorker();
    await house.apply(example.replace('site: here', 'site: busy'));
    await until('a step runs', async () =>
      (await house.nodeRoles('edge')).some((row) => row.as === 'host-hosts' && row.state.state === 'running'),
    );
    await worker.close();
    await house.destroy('edge');
    // Released, and held up by a lane that a step without a worker still holds.
    await until('its removal is released', async () =>
      (await house.nodeRoles('edge')).some(
        ({ state }) => state.state === 'removing' && state.work.phase === 'ready' && !state.work.queued,
      ),
    );
    const again = await house.destroy('edge');
    const next = await house.startWorker();
    expect(await house.runEnd(again.runId)).toBe('succeeded');
    await next.close();
  });
});
