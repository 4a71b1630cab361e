import { openDatabase } from '@formwork/db';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { type Leader, startLeader } from './leader.ts';

const quiet = { info: () => {}, warn: () => {}, error: () => {} };
let postgres: TestDatabase;
beforeAll(async () => {
  postgres = await startTestDatabase();
});
afterAll(() => postgres.stop());

it('lets one of several lead, the next one after it, and the first again after its connection was cut', async () => {
  const db = openDatabase({ url: postgres.url, log: quiet });
  let leading = 0;
  let most = 0;
  let terms = 0;
  const start = (): Leader =>
    startLeader({
      db,
      log: quiet,
      retryMs: 20,
      lead: () => {
        leading += 1;
        terms += 1;
        most = Math.max(most, leading);
        return {
          close: () => {
            leading -= 1;
            return Promise.resolve();
          },
        };
      },
    });
  const first = start();
  await vi.waitFor(() => expect(first.isLeading()).toBe(true));
  const second = start();
  await first.close();
  await vi.waitFor(() => expect(second.isLeading()).toBe(true));
  await db.query(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'`);
  await vi.waitFor(() => expect(terms).toBe(3));
  await second.close();
  expect(leading).toBe(0);
  expect(most).toBe(1);
  await db.close();
});

it('leaves the lead of one that stands still to another', async () => {
  const db = openDatabase({ url: postgres.url, log: quiet });
  const lead = () => ({ close: () => Promise.resolve() });
  // It asks every 5 s, so to a database with less patience than that it looks frozen.
  const frozen = startLeader({ db, log: quiet, lead, retryMs: 20, frozenMs: 100 });
  await vi.waitFor(() => expect(frozen.isLeading()).toBe(true));
  const other = startLeader({ db, log: quiet, lead, retryMs: 20 });
  await vi.waitFor(() => expect([frozen.isLeading(), other.isLeading()]).toEqual([false, true]), { timeout: 20_000 });
  await frozen.close();
  await other.close();
  await db.close();
});
