/** Jobs that carry several steps come to workers that have no slot left for all of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const slots = 20;

describe('workers without a free slot', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
    const hourMs = 3_600_000;
    await stage.house.addSite('park', 'sim', { bootMs: 500, destroyMs: 0, steps: { defaultMs: hourMs } });
    await stage.house.startWorker({ slots });
    await stage.house.startWorker({ slots });
  });
  afterAll(() => stage.close());

  it('send back what they took, and every slot of the others is used', async () => {
    const { house } = stage;
    // All machines come up at about the same time, so many steps start at once.
    const groups = [{ name: 'box', roles: ['probe'], count: 2 * slots, site: 'park' }];
    await house.apply(JSON.stringify({ name: 'full', workflow: 'probe', groups }));
    await until('all slots of both workers are taken', async () => {
      const claims = await house.db.query<{ held: number }>('SELECT count(*)::int AS held FROM claims GROUP BY worker');
      return claims.length === 2 && claims.every(({ held }) => held === slots);
    });
    const run = await house.destroy('full');
    expect(await house.runEnd(run.runId)).toBe('succeeded');
  });
});
