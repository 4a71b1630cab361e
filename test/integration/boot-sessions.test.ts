import { randomBytes, randomUUID } from 'node:crypto';
import { addedMachine, type BootSessionStore, hashBootToken, type NewBootSession } from '@formwork/core';
import { type Database, insertSite, openBootSessions, openDatabase, openMachineStore } from '@formwork/db';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { quiet } from '../support/quiet.ts';

let server: TestDatabase;
let db: Database;
let sessions: BootSessionStore;
const siteId = randomUUID();

beforeAll(async () => {
  server = await startTestDatabase();
  db = openDatabase({ url: server.url, log: quiet });
  sessions = openBootSessions(db);
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

const key = () => randomBytes(32).toString('base64');
const claimOf = (publicKey = key()) => ({
  address: '10.77.0.100',
  mac: '52:54:00:77:00:01',
  publicKey,
  lifetimeMs: 60_000,
});

async function newMachine(): Promise<string> {
  const wanted = addedMachine({ siteId, name: randomUUID(), macs: [], labels: {}, bmc: null });
  return (await openMachineStore(db).create(wanted, 'test')).id;
}

async function opened(known: string | null = null, change: Partial<NewBootSession> = {}) {
  const machineId = known ?? (await newMachine());
  const tokenHash = hashBootToken(randomBytes(32).toString('base64url')) ?? '';
  const session: NewBootSession = {
    id: randomUUID(),
    siteId,
    machineId,
    kind: 'discover',
    tokenHash,
    mac: '52:54:00:77:00:01',
    address: '10.77.0.100',
    lifetimeMs: 60_000,
    ...change,
  };
  await sessions.open(session);
  return session;
}

it('is claimed once and answered again; a second key is a conflict for good', async () => {
  const { tokenHash, id, machineId } = await opened();
  const claim = claimOf();
  expect(await sessions.claim(tokenHash, claim)).toMatchObject({ kind: 'claimed', session: { id, state: 'claimed' } });
  expect(await sessions.claim(tokenHash, claim)).toMatchObject({ kind: 'again', session: { id, machineId } });
  expect(await sessions.claim(tokenHash, claimOf())).toMatchObject({ kind: 'claim-conflict', session: { machineId } });
  expect(await sessions.claim(tokenHash, claim)).toMatchObject({ kind: 'claim-conflict' });
  expect(await sessions.find(id)).toMatchObject({ state: 'conflict' });
  expect(await sessions.accept(id, 1, 60_000)).toBe(false);
});

it('of many claims at the same moment one holds', async () => {
  const { tokenHash } = await opened();
  const kinds = await Promise.all(Array.from({ length: 6 }, () => sessions.claim(tokenHash, claimOf())));
  expect(kinds.map(({ kind }) => kind).sort()).toEqual([
    'claim-conflict',
    'claim-conflict',
    'claim-conflict',
    'claim-conflict',
    'claim-conflict',
    'claimed',
  ]);
});

it('ends what its machine had before, and only that', async () => {
  const machineId = await newMachine();
  const [first, second, elsewhere] = [await opened(machineId), await opened(machineId), await opened()];
  await sessions.openFirstBoot({ id: randomUUID(), siteId, machineId, publicKey: key(), lifetimeMs: 60_000 });
  await sessions.claim(first.tokenHash, claimOf());
  await sessions.claim(elsewhere.tokenHash, claimOf());
  expect(await sessions.claim(second.tokenHash, claimOf())).toMatchObject({ kind: 'refused', why: 'ended' });
  const third = await opened(machineId);
  expect(await sessions.find(first.id)).toMatchObject({ state: 'claimed' });
  expect(await sessions.claim(third.tokenHash, claimOf())).toMatchObject({ kind: 'claimed' });
  expect(await sessions.find(first.id)).toMatchObject({ state: 'ended' });
  expect(await sessions.find(elsewhere.id)).toMatchObject({ state: 'claimed' });
  const kinds = await db.query<{ kind: string; state: string }>(
    `SELECT kind, state FROM boot_sessions WHERE machine_id = $1 AND kind = 'first-boot'`,
    [machineId],
  );
  expect(kinds).toEqual([{ kind: 'first-boot', state: 'claimed' }]);
});

it('claims of two tokens of one machine at once leave one agent', async () => {
  const machineId = await newMachine();
  for (let round = 0; round < 5; round += 1) {
    const tokens = [await opened(machineId), await opened(machineId), await opened(machineId)];
    await Promise.all(tokens.map(({ tokenHash }) => sessions.claim(tokenHash, claimOf())));
    const claimed = await db.query(`SELECT id FROM boot_sessions WHERE machine_id = $1 AND state = 'claimed'`, [
      machineId,
    ]);
    expect(claimed).toHaveLength(1);
  }
});

it('keeps the newest tokens of a machine, for a ROM that asks again', async () => {
  const machineId = await newMachine();
  const tokens = [];
  for (let count = 0; count < 6; count += 1) tokens.push(await opened(machineId));
  const known = await Promise.all(tokens.map(({ id }) => sessions.find(id)));
  expect(known.map((session) => session !== null)).toEqual([false, false, true, true, true, true]);
});

it('takes a counter once, of many at once too, and lives as long as its agent speaks', async () => {
  const { tokenHash, id } = await opened();
  await sessions.claim(tokenHash, { ...claimOf(), lifetimeMs: 1_000 });
  const before = (await sessions.find(id))?.expiresAtMs ?? 0;
  const taken = await Promise.all(Array.from({ length: 5 }, () => sessions.accept(id, 1, 600_000)));
  expect(taken.filter(Boolean)).toHaveLength(1);
  expect([
    await sessions.accept(id, 1, 1),
    await sessions.accept(id, 3, 600_000),
    await sessions.accept(id, 2, 1),
  ]).toEqual([false, true, false]);
  expect((await sessions.find(id))?.expiresAtMs).toBeGreaterThan(before + 500_000);
  await sessions.end(id);
  expect(await sessions.accept(id, 4, 1)).toBe(false);
});

it('expires by the clock of the database', async () => {
  const { tokenHash, id } = await opened(null, { lifetimeMs: 0 });
  expect(await sessions.claim(tokenHash, claimOf())).toMatchObject({ kind: 'refused', why: 'expired' });
  expect(await sessions.find(id)).toMatchObject({ state: 'open', publicKey: null });
  expect(await sessions.claim('0'.repeat(64), claimOf())).toMatchObject({ kind: 'refused', why: 'unknown' });
});
