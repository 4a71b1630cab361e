import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { hashToken, openDatabase } from '@formwork/db';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { makeFirstToken } from './first-token.ts';

const quiet = { info: () => {}, warn: () => {}, error: () => {} };
const directory = mkdtempSync(path.join(tmpdir(), 'formwork-first-token-'));
let postgres: TestDatabase;
beforeAll(async () => {
  postgres = await startTestDatabase();
});
afterAll(async () => {
  await postgres.stop();
  rmSync(directory, { recursive: true });
});

it('is made once, by one of several servers, in a file for its owner alone', async () => {
  const db = openDatabase({ url: postgres.url, log: quiet });
  const file = path.join(directory, 'token');
  const printed: string[] = [];
  const make = () => makeFirstToken({ db, newId: randomUUID, file, print: (text) => void printed.push(text) });
  expect((await Promise.all([make(), make(), make()])).filter(Boolean)).toHaveLength(1);
  const text = readFileSync(file, 'utf8').trim();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(printed).toEqual([]);
  const rows = await db.query('SELECT hash, role FROM tokens');
  expect(rows).toEqual([{ hash: hashToken(text), role: 'admin' }]);
  await db.query('UPDATE tokens SET revoked_at = now()');
  expect(await makeFirstToken({ db, newId: randomUUID, file: null, print: (line) => void printed.push(line) })).toBe(
    true,
  );
  expect(printed).toEqual([expect.stringMatching(/^admin token, shown this once: fw_\S+\n$/)]);
  await db.close();
});
