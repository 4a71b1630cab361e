import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDatabase } from '@formwork/db';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { storeBundledPacks } from './bundled-packs.ts';
import { compareVersions } from './newest-packs.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'formwork-content-'));
let postgres: TestDatabase;
beforeAll(async () => {
  postgres = await startTestDatabase();
  cpSync(path.resolve(import.meta.dirname, '../../../../content/base'), path.join(directory, 'base'), {
    recursive: true,
  });
});
afterAll(async () => {
  await postgres.stop();
  rmSync(directory, { recursive: true });
});

it('stores a bundled pack once, anew while nobody is pinned to it, and else leaves it and says so', async () => {
  const errors: string[] = [];
  const log = {
    info: () => {},
    warn: () => {},
    error: (_fields: object, message: string) => void errors.push(message),
  };
  const db = openDatabase({ url: postgres.url, log });
  const store = (mayReplace: boolean) => storeBundledPacks({ db, directory, newId: randomUUID, log, mayReplace });
  const digest = async () => (await db.query<{ digest: string }>('SELECT digest FROM packs'))[0]?.digest;
  const edit = () => {
    const script = path.join(directory, 'base/roles/host-name/apply.sh');
    writeFileSync(script, `${readFileSync(script, 'utf8')}\n# edited\n`);
  };
  await store(true);
  const first = await digest();
  await store(true);
  expect(await digest()).toBe(first);
  edit();
  await store(false);
  expect(await digest()).toBe(first);
  expect(errors).toHaveLength(1);
  await store(true);
  const second = await digest();
  expect(second).not.toBe(first);
  await db.query(`INSERT INTO deployments (id, name) VALUES ($1, 'edge')`, [randomUUID()]);
  await db.query(
    `INSERT INTO specification_versions (deployment_id, version, document, packs, digest, created_by)
     SELECT id, 1, '{}', '{"base": "1.0.0"}', '', 'test' FROM deployments`,
  );
  edit();
  await store(true);
  expect(await digest()).toBe(second);
  expect(errors).toHaveLength(2);
  await db.query(`UPDATE deployments SET state = 'destroyed'`);
  await store(true);
  expect(await digest()).not.toBe(second);
  await db.close();
});

it('stores a pack with two roles that differ in nothing but their names', async () => {
  const place = mkdtempSync(path.join(tmpdir(), 'formwork-twins-'));
  const write = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(place, 'twins', file)), { recursive: true });
    writeFileSync(path.join(place, 'twins', file), text);
  };
  write('pack.yaml', 'name: twins\nversion: 1.0.0\n');
  for (const name of ['one', 'other']) {
    write(`roles/${name}/role.yaml`, 'steps: {apply: apply.sh}\n');
    write(`roles/${name}/apply.sh`, '#!/bin/sh\ntrue\n');
  }
  const errors: object[] = [];
  const log = { info: () => {}, warn: () => {}, error: (fields: object) => void errors.push(fields) };
  const db = openDatabase({ url: postgres.url, log });
  await storeBundledPacks({ db, directory: place, newId: randomUUID, log, mayReplace: true });
  expect(errors).toEqual([]);
  expect(await db.query(`SELECT name FROM packs WHERE name = 'twins'`)).toEqual([{ name: 'twins' }]);
  await db.close();
  rmSync(place, { recursive: true });
});

it('orders versions by number, a pre-release before its release', () => {
  const versions = ['1.10.0', '1.2.0', '2.0.0-rc.1', '2.0.0', '1.2.0-alpha', '2.0.0-rc.10'];
  expect(versions.sort(compareVersions)).toEqual([
    '1.2.0-alpha',
    '1.2.0',
    '1.10.0',
    '2.0.0-rc.1',
    '2.0.0-rc.10',
    '2.0.0',
  ]);
});
