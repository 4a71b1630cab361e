import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../embedded/start.ts';
import { migrate } from './migrate.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
let directory: string;
let migrations: string;
let postgres: EmbeddedPostgres;
let url: string;
let count = 0;

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'formwork-migrate-'));
  postgres = await startEmbeddedPostgres({ dataDirectory: path.join(directory, 'data'), log, durable: false });
});
afterAll(async () => {
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(async () => {
  count += 1;
  await query(postgres.url, `CREATE DATABASE case_${count}`);
  const own = new URL(postgres.url);
  own.pathname = `/case_${count}`;
  url = own.href;
  migrations = path.join(directory, `migrations-${count}`);
});

async function query(at: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: at });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
function write(name: string, sql: string): void {
  mkdirSync(path.join(migrations, name), { recursive: true });
  writeFileSync(path.join(migrations, name, 'migration.sql'), sql);
}

it('applies each migration once, also when several servers start at once', async () => {
  write('1_a', 'CREATE TABLE a (id int); SELECT pg_sleep(0.1);');
  write('2_b', 'CREATE TABLE b (id int);');
  const applied = await Promise.all([1, 2, 3, 4].map(() => migrate(url, migrations)));
  expect(applied.toSorted((one, two) => two.length - one.length)).toEqual([['1_a', '2_b'], [], [], []]);
  write('3_c', 'CREATE TABLE c (id int);');
  expect(await migrate(url, migrations)).toEqual(['3_c']);
  expect(await query(url, 'SELECT count(*)::int AS n FROM _prisma_migrations')).toEqual([{ n: 3 }]);
});

it('leaves nothing of a migration that fails, names it, and applies it once it is right', async () => {
  write('1_a', 'CREATE TABLE a (id int);');
  write('2_b', 'CREATE TABLE b (id int); SELECT nothing;');
  const failure = migrate(url, migrations);
  await expect(failure).rejects.toMatchObject({ code: 'migration-failed' });
  await expect(failure).rejects.toThrow('2_b');
  expect(await query(url, "SELECT to_regclass('a') AS a, to_regclass('b') AS b")).toEqual([{ a: 'a', b: null }]);
  write('2_b', 'CREATE TABLE b (id int);');
  expect(await migrate(url, migrations)).toEqual(['2_b']);
});

it('refuses an edited migration and a database of a newer version', async () => {
  write('1_a', 'CREATE TABLE a (id int);');
  await migrate(url, migrations);
  write('1_a', 'CREATE TABLE a (id bigint);');
  await expect(migrate(url, migrations)).rejects.toMatchObject({ code: 'migration-edited' });
  rmSync(path.join(migrations, '1_a'), { recursive: true });
  write('0_other', 'SELECT 1;');
  await expect(migrate(url, migrations)).rejects.toMatchObject({ code: 'database-newer' });
});

it('gives up waiting for another that migrates, and needs migrations to be there', async () => {
  write('1_a', 'SELECT 1;');
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  await other.query('SELECT pg_advisory_lock(72707369)');
  await expect(migrate(url, migrations, { lockTimeoutMs: 50 })).rejects.toMatchObject({ code: 'migration-lock' });
  await other.end();
  await expect(migrate(url, path.join(directory, 'nowhere'))).rejects.toMatchObject({ code: 'migrations-missing' });
});
