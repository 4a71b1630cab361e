/** A step whose worker cannot reach the database for a moment has not failed. */
import { openDatabase } from '@formwork/db';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { House } from '../support/house.ts';
import { quiet as log } from '../support/quiet.ts';
import { openStage, type Stage } from '../support/stage.ts';

describe('a database that does not answer in the middle of a step', () => {
  let stage: Stage;
  let house: House;
  beforeAll(async () => {
    stage = await openStage();
    ({ house } = stage);
  });
  afterAll(() => stage.close());

  it('is waited for: the same attempt goes on and nothing has failed', async () => {
    // Nobody listens there: what a worker sees while Postgres is being restarted.
    const away = openDatabase({ url: 'postgresql://nobody@127.0.0.1:1/nowhere', log });
    let failures = 0;
    await house.startWorker({
      providerOf: (own) => async (siteId) => {
        failures += 1;
        if (failures <= 3) await away.query('SELECT 1');
        return own(siteId);
      },
    });
    await house.addSite('park', 'sim', { bootMs: 20, steps: { defaultMs: 20 } });
    const groups = [{ name: 'box', roles: ['probe'], count: 2, site: 'park' }];
    const { runId } = await house.apply(JSON.stringify({ name: 'away', workflow: 'probe', groups }));
    expect(await house.runEnd(runId)).toBe('succeeded');
    expect(failures).toBeGreaterThan(3);
    expect((await house.nodeRoles('away')).map((row) => row.attempt)).toEqual([1, 1, 1, 1]);
    await away.close();
  });
});
