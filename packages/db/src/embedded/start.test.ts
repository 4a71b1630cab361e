import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { linkLibraries } from './binaries.ts';
import { isPortFree, pickPort } from './kept-values.ts';
import { answers } from './postmaster.ts';
import { chooseRunAs, runAsUser } from './run-as.ts';
import { startEmbeddedPostgres } from './start.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'formwork-start-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

it('moves between the two ways root has to run it', async () => {
  // As an ordinary user there is only one way, and the same must hold for it.
  const other = process.getuid?.() === 0 ? runAsUser('nobody') : chooseRunAs();
  if (other === undefined) throw new Error('every system has a user nobody');
  for (const runAs of [chooseRunAs(), other, chooseRunAs()]) {
    const postgres = await startEmbeddedPostgres({ dataDirectory: directory, log, durable: false, runAs });
    const url = new URL(postgres.url);
    expect(await answers(Number(url.port), url.password)).toBe(true);
    await postgres.stop();
  }
  expect(statSync(path.join(directory, 'password')).mode & 0o777).toBe(0o600);
  expect(statSync(path.join(directory, 'cluster')).mode & 0o777).toBe(0o700);
});

it('gives the directory back when it stops', async () => {
  const first = await startEmbeddedPostgres({ dataDirectory: directory, log, durable: false });
  await expect(startEmbeddedPostgres({ dataDirectory: directory, log })).rejects.toMatchObject({
    kind: 'conflict',
    code: 'embedded-postgres-locked',
    details: { directory, holder: String(process.pid) },
  });
  await first.stop();
  const second = await startEmbeddedPostgres({ dataDirectory: directory, log, durable: false });
  expect(second.url).toBe(first.url);
  await second.stop();
});

/** Null by a Unix socket, else the client's address. */
async function addressSeenBy(url: string): Promise<string | null | undefined> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ address: string | null }>('SELECT host(inet_client_addr()) AS address');
    return rows[0]?.address;
  } finally {
    await client.end();
  }
}

it('is reached by a Unix socket, and by its address all the same', async () => {
  const first = await startEmbeddedPostgres({ dataDirectory: directory, log, durable: false });
  const byAddress = new URL(first.url);
  byAddress.searchParams.delete('host');
  expect(await addressSeenBy(first.url)).toBeNull();
  expect(await addressSeenBy(byAddress.href)).toBe('127.0.0.1');
  await first.stop();
  // As a killed one leaves it, with a pid that is somebody else's by now.
  const socket = path.join(directory, 'cluster', `.s.PGSQL.${byAddress.port}`);
  writeFileSync(`${socket}.lock`, `${String(process.ppid)}\n${path.join(directory, 'cluster')}\n`);
  writeFileSync(socket, '');
  const second = await startEmbeddedPostgres({ dataDirectory: directory, log, durable: false });
  expect(second.url).toBe(first.url);
  expect(await addressSeenBy(second.url)).toBeNull();
  await second.stop();
});

it('is reached by its address where the path of a socket would be too long', async () => {
  const deep = path.join(directory, 'd'.repeat(100));
  const postgres = await startEmbeddedPostgres({ dataDirectory: deep, log, durable: false });
  expect(new URL(postgres.url).searchParams.has('host')).toBe(false);
  expect(await addressSeenBy(postgres.url)).toBe('127.0.0.1');
  await postgres.stop();
});

it('makes the library links that a skipped postinstall left out', () => {
  mkdirSync(path.join(directory, 'native', 'lib'), { recursive: true });
  writeFileSync(path.join(directory, 'native', 'lib', 'libx.so.6.18'), 'x');
  writeFileSync(
    path.join(directory, 'native', 'pg-symlinks.json'),
    JSON.stringify([{ source: 'native/lib/libx.so.6.18', target: 'native/lib/libx.so.6' }]),
  );
  linkLibraries(directory);
  linkLibraries(directory);
  expect(readlinkSync(path.join(directory, 'native', 'lib', 'libx.so.6'))).toBe('libx.so.6.18');
  expect(existsSync(path.join(directory, 'native', 'lib', 'libx.so.6'))).toBe(true);
});

it('picks a port that is free', async () => {
  expect(await isPortFree(await pickPort(directory))).toBe(true);
});
