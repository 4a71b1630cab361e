/** Real TFTP clients against our server, each in a network namespace: needs root, atftp, tftp-hpa, busybox and curl. */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { openTftpNetwork, runToEnd, serverAddress, type TftpNetwork } from './tftp-network.ts';
import { startTftpProcess } from './tftp-server.ts';

const port = 69;
const content = randomBytes(50 * 2 ** 20);
const odd = randomBytes(1468 * 3);
const directory = mkdtempSync(path.join(tmpdir(), 'formwork-tftp-clients-'));
const root = path.join(directory, 'root');
let network: TftpNetwork;
let server: Awaited<ReturnType<typeof startTftpProcess>>;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

beforeAll(async () => {
  mkdirSync(root, { mode: 0o755 });
  writeFileSync(path.join(root, 'large'), content);
  writeFileSync(path.join(root, 'odd'), odd);
  network = openTftpNetwork();
  server = await startTftpProcess(network.onServer, directory, { addresses: [serverAddress], port, root });
});
afterAll(async () => {
  await server.stop();
  network.close();
  rmSync(directory, { recursive: true, force: true });
});

/** How each client gets a file; `into` is where it writes. */
const clients: Readonly<Record<string, (file: string, into: string) => readonly string[]>> = {
  'curl, 512': (file, into) => ['curl', '-sS', '-f', '-o', into, `tftp://${serverAddress}/${file}`],
  'curl, 1468': (file, into) => [
    ...['curl', '-sS', '-f', '--tftp-blksize', '1468', '-o', into],
    `tftp://${serverAddress}/${file}`,
  ],
  'curl without options': (file, into) => [
    ...['curl', '-sS', '-f', '--tftp-no-options', '-o', into],
    `tftp://${serverAddress}/${file}`,
  ],
  'tftp-hpa': (file, into) => ['tftp', '-m', 'binary', serverAddress, '-c', 'get', file, into],
  'busybox tftp': (file, into) => ['busybox', 'tftp', '-g', '-b', '1468', '-r', file, '-l', into, serverAddress],
  atftp: (file, into) => ['atftp', '--get', '--remote-file', file, '--local-file', into, serverAddress],
  'atftp with a window of 16': (file, into) => [
    ...['atftp', '--option', 'blksize 1468', '--option', 'windowsize 16', '--option', 'tsize 0'],
    ...['--get', '--remote-file', file, '--local-file', into, serverAddress],
  ],
};

describe.each(Object.keys(clients))('%s', (client) => {
  it.each([
    ['large', sha256(content)],
    ['odd', sha256(odd)],
  ])('gets %s whole', async (file, digest) => {
    const into = path.join(directory, 'got');
    const command = clients[client]?.(file, into) ?? [];
    const { ok, output } = await runToEnd([...network.onClient, ...command], 120_000);
    expect({ ok, output: ok ? '' : output }).toEqual({ ok: true, output: '' });
    expect(sha256(readFileSync(into))).toBe(digest);
    rmSync(into);
  });

  it('is told that there is no such file', async () => {
    const into = path.join(directory, 'nothing');
    const command = clients[client]?.('nothing-there', into) ?? [];
    const { output } = await runToEnd([...network.onClient, ...command], 60_000);
    expect(output.toLowerCase()).toMatch(/not found|no such file|^curl: \(68\)/);
  });
});

it('negotiates what each asked for', () => {
  const seen = new Set(server.transfers.map(({ blockSize, windowSize }) => `${blockSize ?? 0} ${windowSize ?? 0}`));
  expect([...seen]).toEqual(expect.arrayContaining(['512 1', '1468 1', '1468 16']));
});

it('tells tftp-hpa in its text mode to use the other', async () => {
  const command = ['tftp', '-m', 'ascii', serverAddress, '-c', 'get', 'odd', path.join(directory, 'text')];
  const { output } = await runToEnd([...network.onClient, ...command], 60_000);
  expect(output).toContain('octet');
});

it('serves eight at a time', async () => {
  const into = Array.from({ length: 8 }, (_, index) => path.join(directory, `got-${index}`));
  const command = (file: string) => clients['curl, 1468']?.('large', file) ?? [];
  await Promise.all(into.map((file) => runToEnd([...network.onClient, ...command(file)], 120_000)));
  for (const file of into) expect(sha256(readFileSync(file))).toBe(sha256(content));
});

it('serves over a network that loses packets both ways, where the kernel can lose them', async (context) => {
  const qdisc = ['qdisc', 'add', 'dev', 'up0', 'root', 'netem', 'loss', '1%'];
  try {
    for (const name of [network.server, network.client]) execFileSync('tc', ['-n', name, ...qdisc], { stdio: 'pipe' });
  } catch {
    context.skip('needs the netem queue discipline of the kernel');
  }
  const into = path.join(directory, 'lossy');
  const command = clients['atftp with a window of 16']?.('odd', into) ?? [];
  await runToEnd([...network.onClient, ...command], 120_000);
  expect(sha256(readFileSync(into))).toBe(sha256(odd));
});

it('has ended every transfer', async () => {
  await until('the last report', () => server.transfers.filter(({ name }) => name === 'large').length >= 15);
  expect(server.transfers.filter(({ outcome }) => outcome.kind === 'failed')).toEqual([]);
});
