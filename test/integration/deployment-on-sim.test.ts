import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { type House, openHouse } from '../support/house.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

const example = readFileSync(path.resolve(import.meta.dirname, '../../examples/etcd.yaml'), 'utf8');

describe('the etcd example on the sim provider', () => {
  let database: TestDatabase;
  let redis: TestRedis | null = null;
  let house: House;

  beforeAll(async () => {
    database = await startTestDatabase();
    if (process.env['FORMWORK_TEST_QUEUE'] === 'redis') redis = await startTestRedis();
    house = await openHouse({ databaseUrl: database.url, redisUrl: redis?.url ?? null });
    await house.addSite('here', 'sim', { bootMs: 50, destroyMs: 20, steps: { defaultMs: { min: 5, max: 30 } } });
    await house.startWorker();
  });
  afterAll(async () => {
    await house.close();
    await redis?.stop();
    await database.stop();
  });

  it('goes from specification to active, all 29 node-roles', async () => {
    const run = await house.apply(example);
    expect(run.total).toBe(29);
    expect(await house.runEnd(run.runId)).toBe('succeeded');
    const rows = await house.nodeRoles('edge');
    expect(rows).toHaveLength(29);
    expect(rows.every((row) => row.state.state === 'active')).toBe(true);
  });

  it('plans nothing for an unchanged specification', async () => {
    const run = await house.apply(example);
    expect(run.planned).toBe(0);
    expect(await house.runEnd(run.runId)).toBe('succeeded');
  });

  it('runs 3 of 29 for one changed parameter, one member at a time', async () => {
    const run = await house.apply(example.replace('quotaBackendBytes: 2147483648', 'quotaBackendBytes: 4294967296'));
    expect(run.planned).toBe(3);
    expect(await house.runEnd(run.runId)).toBe('succeeded');
  });

  it('adds two members and runs nothing on the others', async () => {
    const run = await house.apply(
      example.replace('quotaBackendBytes: 2147483648', 'quotaBackendBytes: 4294967296').replace('count: 3', 'count: 5'),
    );
    expect(run.total).toBe(47);
    expect(await house.runEnd(run.runId)).toBe('succeeded');
  });

  it('destroys and leaves nothing', async () => {
    const run = await house.destroy('edge');
    expect(await house.runEnd(run.runId)).toBe('succeeded');
    expect(await house.nodeRoles('edge')).toEqual([]);
  });
});
