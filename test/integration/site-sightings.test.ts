import { randomUUID } from 'node:crypto';
import {
  type Database,
  type DhcpLeaseRow,
  endSiteProblem,
  forgetUnseenProblems,
  insertSite,
  openDatabase,
  readDhcpLeases,
  readSiteProblems,
  reportSiteProblem,
  writeDhcpLeases,
} from '@formwork/db';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { quiet } from '../support/quiet.ts';

let server: TestDatabase;
let db: Database;
const siteId = randomUUID();

beforeAll(async () => {
  server = await startTestDatabase();
  db = openDatabase({ url: server.url, log: quiet });
  await db.transaction((tx) =>
    insertSite(tx, {
      ...{ id: siteId, name: 'rack', provider: 'sim', configuration: {}, params: {}, credentials: null },
      ...{ maxNodes: null, actor: 'test' },
    }),
  );
});
afterAll(async () => {
  await db.close();
  await server.stop();
});

const lease = (address: string, sequence: number, change: Partial<DhcpLeaseRow> = {}): DhcpLeaseRow => ({
  address,
  client: '52:54:00:77:00:01',
  state: 'active',
  hostname: '',
  untilMs: 1_800_000_000_123,
  sequence,
  ...change,
});

it('keeps the newest state of each address, in whatever order they come', async () => {
  await writeDhcpLeases(db, siteId, [lease('10.77.0.9', 3), lease('10.77.0.10', 2), lease('10.77.0.9', 1)]);
  await writeDhcpLeases(db, siteId, [lease('10.77.0.10', 5, { state: 'released', hostname: 'x' })]);
  await writeDhcpLeases(db, siteId, [lease('10.77.0.10', 4), lease('10.77.0.9', 3, { hostname: 'late' })]);
  await writeDhcpLeases(db, siteId, []);
  expect(await readDhcpLeases(db, siteId)).toEqual([
    lease('10.77.0.9', 3),
    lease('10.77.0.10', 5, { state: 'released', hostname: 'x' }),
  ]);
});

it('shows a problem once, however often it is seen, and no longer than it lasts', async () => {
  const seen = { siteId, code: 'other-dhcp-server', subject: '10.77.0.66', actor: 'worker:test' };
  const report = (message: string) => db.transaction((tx) => reportSiteProblem(tx, { ...seen, message }));
  await report('first');
  await report('second');
  const problems = async () => (await readSiteProblems(db, [siteId])).get(siteId) ?? [];
  expect(await problems()).toMatchObject([{ subject: '10.77.0.66', message: 'second', times: 2 }]);
  await db.transaction((tx) => forgetUnseenProblems(tx, { ...seen, afterMs: 60_000 }));
  expect(await problems()).toHaveLength(1);
  await db.transaction((tx) => endSiteProblem(tx, { ...seen, subject: null }));
  expect(await problems()).toEqual([]);
  const events = await db.query<{ kind: string }>(
    `SELECT kind FROM events WHERE kind LIKE 'site-problem.%' ORDER BY id`,
  );
  expect(events.map(({ kind }) => kind)).toEqual(['site-problem.seen', 'site-problem.over']);
});
