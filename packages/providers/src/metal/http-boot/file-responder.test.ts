import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request as httpRequest, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFileTree } from '../tftp/file-tree.ts';
import { readByteRange } from './byte-range.ts';
import { createFileDigests } from './file-digests.ts';
import { createFileResponder } from './file-responder.ts';

const content = randomBytes(700_001);
const digest = createHash('sha256').update(content).digest('hex');
const directory = mkdtempSync(path.join(tmpdir(), 'formwork-files-'));
let server: Server;
let port = 0;

beforeAll(async () => {
  const root = path.join(directory, 'root');
  mkdirSync(path.join(root, 'sub'), { recursive: true });
  writeFileSync(path.join(root, 'image'), content);
  writeFileSync(path.join(root, 'sub', 'café 1'), 'x');
  writeFileSync(path.join(root, 'empty'), '');
  writeFileSync(path.join(directory, 'secret'), 'secret');
  symlinkSync('../secret', path.join(root, 'out'));
  symlinkSync('..', path.join(root, 'up'));
  const respond = createFileResponder({
    source: await openFileTree(root),
    digestOf: createFileDigests(content.length),
    stalledAfterMs: 10_000,
  });
  server = createServer((request, response) => {
    respond(request, response, (request.url ?? '').split('?')[0] ?? '').catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true, force: true });
});

/** By hand: `fetch` would tidy the path up before it asks. */
async function ask(target: string, headers: Record<string, string> = {}, method = 'GET') {
  const request = httpRequest({ host: '127.0.0.1', port, path: target, method, headers, agent: false });
  request.end();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve).on('error', reject);
  });
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(Buffer.from(piece as Uint8Array));
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) };
}

describe('a file', () => {
  it('comes whole, with its tag and digest', async () => {
    const { status, headers, body } = await ask('/image');
    expect(status).toBe(200);
    expect(body.equals(content)).toBe(true);
    expect(headers['repr-digest']).toBe(`sha-256=:${Buffer.from(digest, 'hex').toString('base64')}:`);
    expect(headers['accept-ranges']).toBe('bytes');
    expect((await ask('/sub/caf%C3%A9%201')).body.toString()).toBe('x');
    expect(await ask('/empty')).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  });

  it('tells its length to HEAD', async () => {
    const { status, headers, body } = await ask('/image', {}, 'HEAD');
    expect([status, headers['content-length'], body.length]).toEqual([200, '700001', 0]);
  });

  it('comes in parts', async () => {
    const part = await ask('/image', { Range: 'bytes=300000-599999' });
    expect([part.status, part.headers['content-range']]).toEqual([206, 'bytes 300000-599999/700001']);
    expect(part.body.equals(content.subarray(300_000, 600_000))).toBe(true);
    expect((await ask('/image', { Range: 'bytes=-1' })).body.equals(content.subarray(-1))).toBe(true);
    const beyond = await ask('/image', { Range: 'bytes=700001-' });
    expect([beyond.status, beyond.headers['content-range']]).toEqual([416, 'bytes */700001']);
  });

  it('is not sent again to who has it, and not in parts to who began another one', async () => {
    const tag = (await ask('/image', {}, 'HEAD')).headers.etag ?? '';
    expect((await ask('/image', { 'If-None-Match': `"x", ${tag}` })).status).toBe(304);
    expect((await ask('/image', { 'If-None-Match': '"x"' })).status).toBe(200);
    expect((await ask('/image', { 'If-Range': tag, Range: 'bytes=0-1' })).status).toBe(206);
    expect((await ask('/image', { 'If-Range': '"x"', Range: 'bytes=0-1' })).status).toBe(200);
  });
});

it.each([
  '/',
  '/sub',
  '/sub/',
  '/nothing',
  '/../secret',
  '/../../etc/shadow',
  '/..%2f..%2fetc%2fshadow',
  '/%2e%2e/secret',
  '/..%5csecret',
  '/out',
  '/up/secret',
  '/%',
  '/%ff%fe',
  `/${'a'.repeat(5000)}`,
])('gives nothing away for %s', async (target) => {
  const { status, headers, body } = await ask(target);
  expect({ status, body: body.toString() }).toEqual({ status: 404, body: '' });
  expect(JSON.stringify(headers)).not.toContain(directory);
});

it('takes nothing', async () => {
  for (const method of ['POST', 'PUT', 'DELETE']) expect((await ask('/image', {}, method)).status).toBe(405);
});

it.each([
  [undefined, { kind: 'whole' }],
  ['bytes=0-', { kind: 'part', first: 0, last: 99 }],
  ['bytes=10-19', { kind: 'part', first: 10, last: 19 }],
  ['bytes=90-1000', { kind: 'part', first: 90, last: 99 }],
  ['bytes=-5', { kind: 'part', first: 95, last: 99 }],
  ['bytes=-500', { kind: 'part', first: 0, last: 99 }],
  ['bytes=-0', { kind: 'unsatisfiable' }],
  ['bytes=100-', { kind: 'unsatisfiable' }],
  ['bytes=5-4', { kind: 'whole' }],
  ['bytes=-', { kind: 'whole' }],
  ['bytes=0-1,5-6', { kind: 'whole' }],
  ['lines=1-2', { kind: 'whole' }],
  ['bytes=99999999999999999999-', { kind: 'whole' }],
])('reads the range %s of 100 octets', (header, range) => {
  expect(readByteRange(header, 100)).toEqual(range);
});
