import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../../../test/support/until.ts';
import { createAddressSocket } from './channel.ts';
import { type TftpConfiguration, tftpConfiguration } from './configuration.ts';
import { encodeAck, encodeRequest, parsePacket } from './packet.ts';
import { serveTftp } from './serve.ts';
import type { TftpServer } from './server.ts';
import { tftpGet, type GetOptions } from './testing/get.ts';
import type { TransferReport } from './transfer-report.ts';

const address = '127.0.0.1';
const content = randomBytes(300_001);
let directory: string;
let reports: TransferReport[] = [];
const servers: TftpServer[] = [];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'formwork-tftp-'));
  reports = [];
  const root = path.join(directory, 'root');
  mkdirSync(path.join(root, 'sub'), { recursive: true });
  writeFileSync(path.join(root, 'file'), content);
  writeFileSync(path.join(root, 'even'), content.subarray(0, 1024));
  writeFileSync(path.join(root, 'empty'), '');
  writeFileSync(path.join(root, 'sub/inner'), 'inner');
  writeFileSync(path.join(directory, 'secret'), 'secret');
  symlinkSync('../secret', path.join(root, 'out'));
  symlinkSync('..', path.join(root, 'up'));
  symlinkSync('sub/inner', path.join(root, 'within'));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  rmSync(directory, { recursive: true, force: true });
});

async function serve(more: Partial<TftpConfiguration> = {}) {
  const configuration = tftpConfiguration.parse({
    addresses: [address],
    port: 0,
    root: path.join(directory, 'root'),
    processes: 0,
    niceness: 0,
    timeoutMs: 100,
    ...more,
  });
  const server = await serveTftp(configuration, [], { ended: (report) => reports.push(report), problem: () => {} });
  servers.push(server);
  const port = server.addresses[0]?.port ?? 0;
  const get = (name: string, wanted: Partial<GetOptions> = {}) => tftpGet({ address, port, name, ...wanted });
  return { server, port, get };
}
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const sizes = (blksize: number, windowsize: number) =>
  [
    ['blksize', String(blksize)],
    ['windowsize', String(windowsize)],
  ] as const;

describe('files', () => {
  it.each([[[]], [sizes(1468, 1)], [sizes(1468, 16)], [sizes(8, 64)], [sizes(65464, 3)]])(
    'arrive whole with options %j',
    async (options) => {
      const { get } = await serve();
      const got = await get('file', { options });
      expect(got.kind === 'file' && digest(got.bytes)).toBe(digest(content));
      await until(
        'the report',
        () => reports.length,
        (count) => count === 1,
      );
      expect(reports).toMatchObject([{ name: 'file', outcome: { kind: 'done' }, sizeBytes: 300_001 }]);
    },
  );

  it('end with an empty block where their size asks for it, also when they are empty', async () => {
    const { get } = await serve();
    expect(await get('even')).toMatchObject({ kind: 'file', bytes: content.subarray(0, 1024) });
    expect(await get('empty', { options: [['tsize', '0']] })).toMatchObject({
      kind: 'file',
      bytes: Buffer.alloc(0),
      options: [['tsize', '0']],
    });
  });

  it('arrive whole over a network that loses a tenth of all packets, single port or not', async () => {
    for (const singlePort of [true, false]) {
      const { get } = await serve({ singlePort });
      let packets = 0;
      const passes = (): boolean => {
        packets += 1;
        return packets % 10 !== 3;
      };
      const got = await get('file', { options: sizes(1468, 8), passes, retryMs: 150 });
      expect(got.kind === 'file' && digest(got.bytes)).toBe(digest(content));
    }
  });

  it('come from the listening port in single-port mode, from another one otherwise, or from the range', async () => {
    const single = await serve({ singlePort: true });
    expect(await single.get('within')).toMatchObject({ kind: 'file', fromPort: single.port });
    const own = await serve();
    const got = await own.get('within');
    expect(got.kind === 'file' && got.fromPort).not.toBe(own.port);
    const ranged = await serve({ ports: [47_310, 47_319] });
    const many = await Promise.all(Array.from({ length: 8 }, () => ranged.get('file')));
    for (const each of many) expect(each.kind === 'file' && Math.floor(each.fromPort / 10)).toBe(4731);
  });
});

describe('what is refused', () => {
  it.each([
    ['nothing-there', 1],
    ['../secret', 2],
    ['../../etc/shadow', 2],
    ['..\\secret', 2],
    ['/etc/shadow', 1],
    ['out', 2],
    ['up/secret', 2],
    ['sub', 2],
    ['a\nb', 2],
  ])('%j, with error %i that says nothing else', async (name, code) => {
    const { get } = await serve();
    const got = await get(name);
    expect(got).toMatchObject({ kind: 'error', code });
    expect(JSON.stringify(got)).not.toContain(directory);
  });

  it('is every other mode, politely', async () => {
    const { get } = await serve();
    const got = await get('file', { mode: 'netascii' });
    expect(got).toEqual({ kind: 'error', code: 0, message: 'only mode octet is served: choose binary' });
    expect(await get('file', { mode: 'mail' })).toMatchObject({ kind: 'error', code: 0 });
  });

  it('is writing', async () => {
    const { port } = await serve();
    expect(await answerTo(port, encodeRequest({ operation: 'write', name: 'x', mode: 'octet', options: [] }))).toEqual({
      kind: 'error',
      code: 2,
      message: 'this server is read-only',
    });
  });

  it('is more than a peer may have at a time; more than all may have goes unanswered', async () => {
    const busy = await serve({ maxTransfersPerAddress: 1, timeoutMs: 10_000 });
    await answerTo(busy.port, encodeRequest({ operation: 'read', name: 'file', mode: 'octet', options: [] }));
    expect(await busy.get('file')).toMatchObject({ kind: 'error', code: 0 });
    const full = await serve({ maxTransfers: 1, timeoutMs: 10_000 });
    await answerTo(full.port, encodeRequest({ operation: 'read', name: 'file', mode: 'octet', options: [] }));
    expect(await full.get('file', { retryMs: 20, retries: 3 })).toEqual({ kind: 'silence' });
    expect(full.server.counters()).toMatchObject({ active: 1, refused: { 'too-many-in-all': 4 } });
  });
});

describe('a transfer', () => {
  it('is not disturbed by another peer, which is told that it is not its own', async () => {
    const { port } = await serve({ timeoutMs: 10_000 });
    const socket = createAddressSocket(address);
    socket.send(encodeRequest({ operation: 'read', name: 'even', mode: 'octet', options: [] }), port, address);
    const [first, from] = (await once(socket, 'message')) as [Buffer, { port: number }];
    expect(parsePacket(first)).toMatchObject({ kind: 'data', block: 1 });
    expect(await answerTo(from.port, encodeAck(1))).toMatchObject({ kind: 'error', code: 5 });
    socket.send(encodeAck(1), from.port, address);
    const [second] = (await once(socket, 'message')) as [Buffer];
    expect(parsePacket(second)).toMatchObject({ kind: 'data', block: 2 });
    socket.close();
  });

  it('that only asked for the size is no failure, and its port may ask again at once', async () => {
    const { get } = await serve();
    const localPort = 47_401;
    expect(await get('file', { options: [['tsize', '0']], probeOnly: true, localPort })).toEqual({
      kind: 'probed',
      options: [['tsize', '300001']],
    });
    const got = await get('file', { options: [['blksize', '1468']], localPort });
    expect(got.kind === 'file' && digest(got.bytes)).toBe(digest(content));
    await until(
      'both reports',
      () => reports.length,
      (count) => count === 2,
    );
    expect(reports.map(({ outcome }) => outcome.kind)).toEqual(['declined', 'done']);
  });

  it('is one, however often its request comes', async () => {
    const { port, server } = await serve({ timeoutMs: 10_000 });
    const socket = createAddressSocket(address);
    let answers = 0;
    socket.on('message', () => {
      answers += 1;
    });
    const request = encodeRequest({ operation: 'read', name: 'even', mode: 'octet', options: [] });
    for (let count = 0; count < 5; count += 1) socket.send(request, port, address);
    await until(
      'five requests',
      () => server.counters().requests,
      (count) => count === 5,
    );
    await until('an answer', () => answers);
    expect(answers).toBe(1);
    expect(server.counters().active).toBe(1);
    socket.close();
  });

  it('ends for a peer that says nothing, and for one that is gone, each with its reason', async () => {
    const { port, server } = await serve({ timeoutMs: 50, maxAttempts: 2 });
    const request = encodeRequest({ operation: 'read', name: 'file', mode: 'octet', options: [] });
    const silent = createAddressSocket(address);
    silent.send(request, port, address);
    await until(
      'the end of the silent',
      () => reports.length,
      (count) => count === 1,
    );
    silent.close();
    await answerTo(port, request);
    await until(
      'the end of the other',
      () => server.counters(),
      ({ active }) => active === 0,
    );
    expect(reports).toMatchObject([
      { outcome: { kind: 'failed', reason: 'no-answer' }, sentBlocks: 3 },
      { outcome: { kind: 'failed', reason: 'peer-gone' } },
    ]);
  });
});

it('survives what is no TFTP packet, and counts it', async () => {
  const { port, server, get } = await serve();
  const socket = createAddressSocket(address);
  for (const datagram of [Buffer.alloc(0), Buffer.alloc(1), randomBytes(1000).fill(9, 0, 2), encodeAck(3)]) {
    socket.send(datagram, port, address);
  }
  await until(
    'all four',
    () => server.counters(),
    ({ strays }) => strays === 1,
  );
  socket.close();
  expect(server.counters().malformed).toEqual({ 'too-short': 2, 'unknown-opcode': 1 });
  expect(await get('within')).toMatchObject({ kind: 'file', bytes: Buffer.from('inner') });
});

async function answerTo(port: number, packet: Buffer) {
  const socket = createAddressSocket(address);
  socket.send(packet, port, address);
  const [datagram] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return parsePacket(datagram);
}
