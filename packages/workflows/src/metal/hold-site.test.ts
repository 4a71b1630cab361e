import { randomUUID } from 'node:crypto';
import { type Database, openDatabase } from '@formwork/db';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { type HeldSite, holdSite } from './hold-site.ts';

const quiet = { info: () => {}, warn: () => {}, error: () => {} };
let postgres: TestDatabase;
let db: Database;
let siteId: string;
const open: HeldSite[] = [];
beforeAll(async () => {
  postgres = await startTestDatabase();
  db = openDatabase({ url: postgres.url, log: quiet });
});
afterEach(async () => {
  for (const site of open.splice(0)) await site.close();
});
afterAll(async () => {
  await db.close();
  await postgres.stop();
});

/** A worker that can lose its way to the database. */
function worker(name: string, id = siteId) {
  const seen = { begun: 0, ended: 0, away: false };
  const site = holdSite({
    ...{ log: quiet, siteId: id, worker: name, retryMs: 20 },
    db: { dedicated: () => (seen.away ? Promise.reject(new Error('away')) : db.dedicated()) },
    serve: () => {
      seen.begun += 1;
      return Promise.resolve({
        close: () => {
          seen.ended += 1;
          return Promise.resolve();
        },
      });
    },
  });
  open.push(site);
  return { seen, site };
}
const serves = async (...workers: readonly { site: HeldSite }[]): Promise<void> => {
  await vi.waitFor(() => expect(workers.map(({ site }) => site.isServing())).toEqual(workers.map(() => true)), {
    timeout: 20_000,
  });
};
const cut = (name: string) =>
  db.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1`, [
    `formwork metal ${name}`,
  ]);

it('lets one of several serve a site, and the next one after it; other sites have their own', async () => {
  siteId = randomUUID();
  const first = worker('a');
  await serves(first);
  const second = worker('b');
  const elsewhere = worker('c', randomUUID());
  await serves(elsewhere);
  expect(second.site.isServing()).toBe(false);
  await first.site.close();
  expect(first.seen).toMatchObject({ begun: 1, ended: 1 });
  await serves(second);
});

it('goes on without the database, and with it again', async () => {
  siteId = randomUUID();
  const only = worker('d');
  await serves(only);
  only.seen.away = true;
  await cut('d');
  await vi.waitFor(async () => expect(await cut('d')).toEqual([]));
  expect(only.site.isServing()).toBe(true);
  only.seen.away = false;
  await vi.waitFor(async () => {
    const rows = await db.query(`SELECT 1 FROM pg_stat_activity WHERE application_name = 'formwork metal d'`);
    expect(rows).toHaveLength(1);
  });
  expect(only.seen).toMatchObject({ begun: 1, ended: 0 });
});

it('stops when another has taken the site meanwhile', async () => {
  siteId = randomUUID();
  const first = worker('e');
  await serves(first);
  first.seen.away = true;
  await cut('e');
  const second = worker('f');
  await serves(second, first);
  first.seen.away = false;
  await vi.waitFor(() => expect(first.site.isServing()).toBe(false), { timeout: 20_000 });
  expect([first.seen.ended, second.seen.ended]).toEqual([1, 0]);
});
