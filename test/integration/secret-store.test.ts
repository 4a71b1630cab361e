import { randomBytes } from 'node:crypto';
import { deploymentScope, openDatabase, openSecretStore, parseMasterKey, siteScope, type Database } from '@formwork/db';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
const newMaster = () => parseMasterKey(randomBytes(32).toString('base64'));
const master = newMaster();
let server: TestDatabase;
let database: Database;

beforeAll(async () => {
  server = await startTestDatabase();
  database = openDatabase({ url: server.url, log });
});
afterAll(async () => {
  await database.close();
  await server.stop();
});
const open = (...masterKeys: [ReturnType<typeof newMaster>, ...ReturnType<typeof newMaster>[]]) =>
  openSecretStore({ database, masterKeys });

it('keeps a secret over processes, and none of it in the tables', async () => {
  const scope = siteScope('a');
  const reference = await open(master).put(scope, 'bmc-password', 'hunter2-plain');
  const value = await open(master).get(scope, reference);
  expect(value.reveal()).toBe('hunter2-plain');
  const tables = await database.query('SELECT s::text AS row FROM secrets s UNION ALL SELECT d::text FROM data_keys d');
  const text = JSON.stringify(tables);
  expect(text).not.toContain('hunter2');
  expect(text).not.toContain(Buffer.from('hunter2').toString('hex'));
  expect(text).not.toContain(Buffer.from(master.key).toString('hex'));
});

it('makes a new version for a new text only', async () => {
  const store = open(master);
  const scope = deploymentScope('b');
  const first = await store.put(scope, 'token', 'one');
  expect(await store.put(scope, 'token', 'one')).toEqual(first);
  const second = await store.put(scope, 'token', 'two');
  expect(second.$secret.version).toBe(2);
  expect((await store.get(scope, first)).reveal()).toBe('one');
});

it('agrees on one data key and one version when many begin at once', async () => {
  const scope = siteScope('c');
  const references = await Promise.all(Array.from({ length: 8 }, () => open(master).put(scope, 'x', 'same')));
  expect(new Set(references.map((reference) => JSON.stringify(reference))).size).toBe(1);
  expect(
    (await open(master).get(scope, references[0] ?? { $secret: { ref: '', version: 0, digest: '' } })).reveal(),
  ).toBe('same');
});

it('opens old secrets and keeps digests after its data key and its master key were changed', async () => {
  const scope = siteScope('d');
  const store = open(master);
  const before = await store.put(scope, 'x', 'old');
  const digest = await store.digest(scope, 'old');
  await store.rotate(scope);
  const after = await store.put(scope, 'x', 'new');
  const next = newMaster();
  await open(next, master).rewrap(scope);
  const rewrapped = open(next);
  expect((await rewrapped.get(scope, before)).reveal()).toBe('old');
  expect((await rewrapped.get(scope, after)).reveal()).toBe('new');
  expect(await rewrapped.digest(scope, 'old')).toBe(digest);
  await expect(open(master).get(scope, before)).rejects.toMatchObject({ code: 'master-key-unknown' });
});

it('takes part in a transaction, and forgets a scope', async () => {
  const scope = deploymentScope('e');
  const store = open(master);
  const lost = database.transaction(async (tx) => {
    await store.put(scope, 'x', 'never', tx);
    throw new Error('rolled back');
  });
  await expect(lost).rejects.toThrow('rolled back');
  const reference = await store.put(scope, 'x', 'kept');
  expect(reference.$secret.version).toBe(1);
  await store.forget(scope);
  await expect(store.get(scope, reference)).rejects.toMatchObject({ code: 'secret-missing' });
});

it('seals text that is kept elsewhere', async () => {
  const store = open(master);
  const sealed = await store.seal(siteScope('f'), 'credentials', '{"password":"p"}');
  expect(await open(master).open(siteScope('f'), 'credentials', sealed)).toBe('{"password":"p"}');
  await expect(store.open(siteScope('g'), 'credentials', sealed)).rejects.toThrow();
});
