import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
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
