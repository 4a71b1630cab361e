/** What a transaction may do to others when the process that is in it does not go on. */
import { EventEmitter, once } from 'node:events';
import { openDatabase } from '@formwork/db';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { quiet as log } from '../support/quiet.ts';
import { until } from '../support/until.ts';

const countOne = `UPDATE counters SET value = value + 1 WHERE name = 'events'`;

describe('a transaction that stands still between two statements', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await startTestDatabase();
  });
  afterAll(() => database.stop());

  it('loses what it held, so that others go on, and fails when it wants to go on itself', async () => {
    const frozen = openDatabase({ url: database.url, log, idleInTransactionMs: 200 });
    const other = openDatabase({ url: database.url, log });
    const signs = new EventEmitter();
    const holds = once(signs, 'holds');
    const goOn = once(signs, 'go on');
    const late = frozen
      .transaction(async (tx) => {
        await tx.query(countOne);
        signs.emit('holds');
        await goOn;
        await tx.query(countOne);
      })
      .then(
        () => 'committed',
        () => 'failed',
      );
    await holds;
    await other.transaction((tx) => tx.query(countOne));
    const ended = () =>
      other.query(
        `SELECT pid FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()`,
      );
    await until('its connection was ended', ended, (rows) => rows.length === 0);
    signs.emit('go on');
    expect(await late).toBe('failed');
    const [row] = await other.query<{ value: string }>(`SELECT value::text FROM counters WHERE name = 'events'`);
    expect(row?.value).toBe('1');
    // And its pool has connections that work.
    expect(await frozen.transaction((tx) => tx.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
    await frozen.close();
    await other.close();
  });
});

describe('a statement that nobody waits for', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await startTestDatabase();
  });
  afterAll(() => database.stop());

  it('fails the commit with its own reason, and nothing of the transaction stays', async () => {
    const db = openDatabase({ url: database.url, log });
    const failed = db.transaction(async (tx) => {
      tx.write(countOne);
      tx.write(`INSERT INTO counters (name, value) VALUES ($1, 0)`, ['events']);
      const late = tx.query('SELECT 1 AS one');
      tx.write(countOne);
      await late;
    });
    await expect(failed).rejects.toMatchObject({ code: '23505' });
    const [row] = await db.query<{ value: string }>(`SELECT value::text FROM counters WHERE name = 'events'`);
    expect(row?.value).toBe('0');
    await db.close();
  });

  it('is seen by what is asked after it, and stays', async () => {
    const db = openDatabase({ url: database.url, log });
    const seen = await db.transaction((tx) => {
      tx.write(countOne);
      return tx.query<{ value: string }>(`SELECT value::text FROM counters WHERE name = 'events'`);
    });
    expect(seen).toEqual([{ value: '1' }]);
    expect(
      await db.together((one) => Promise.all([one.query('SELECT 1 AS one'), one.query('SELECT 2 AS two')])),
    ).toEqual([[{ one: 1 }], [{ two: 2 }]]);
    await db.close();
  });
});
