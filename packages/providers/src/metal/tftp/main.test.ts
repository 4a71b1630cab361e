import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { tftpGet } from './testing/get.ts';

const program = path.join(import.meta.dirname, 'main.ts');
let directory: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'formwork-tftp-main-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

function start(configuration: unknown) {
  const file = path.join(directory, 'configuration.json');
  writeFileSync(file, JSON.stringify(configuration));
  const child = spawn(process.execPath, ['--conditions=formwork-source', '--import', 'tsx', program, file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const errors: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  return { child, errors, lines: createInterface({ input: child.stdout }) };
}

it('says that it is ready, serves with its processes, and ends as asked', async () => {
  const content = randomBytes(400_000);
  writeFileSync(path.join(directory, 'file'), content);
  const { child, errors, lines } = start({
    addresses: ['127.0.0.1'],
    port: 0,
    root: directory,
    processes: 2,
    niceness: 0,
  });
  const [line] = (await once(lines, 'line')) as [string];
  const ready = JSON.parse(line) as { ready: boolean; addresses: { address: string; port: number }[] };
  expect(ready).toMatchObject({ ready: true, addresses: [{ address: '127.0.0.1' }] });
  const options = [
    ['blksize', '1468'],
    ['windowsize', '16'],
  ] as const;
  const wanted = { address: '127.0.0.1', port: ready.addresses[0]?.port ?? 0, name: 'file', options };
  const got = await Promise.all(Array.from({ length: 6 }, () => tftpGet(wanted)));
  const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  for (const each of got) expect(each.kind === 'file' && digest(each.bytes)).toBe(digest(content));
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(errors.map((text) => (JSON.parse(text) as { event: string }).event)).toEqual(Array(6).fill('transfer'));
});

it('names what is wrong in its configuration', async () => {
  const { child, errors } = start({ root: 'relative', port: 70_000, ports: [9, 8] });
  expect(await once(child, 'exit')).toEqual([2, null]);
  expect(errors.join('')).toMatch(/port:.*root:/s);
});

it('ends with a reason when its directory is not there', async () => {
  const { child, errors } = start({ addresses: ['127.0.0.1'], port: 0, root: '/nowhere', processes: 0, niceness: 0 });
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(errors.join('')).toContain('ENOENT');
});
