import { type ChildProcess, fork, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { type Decided, type ForwardedRequest, readFromListener } from './listener/messages.ts';

const program = path.join(import.meta.dirname, 'main.ts');
const fromSource = ['--conditions=formwork-source', '--import', 'tsx'];
const errorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
let directory: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'formwork-listener-'));
  chmodSync(directory, 0o755);
  for (const name of ['boot', 'images']) mkdirSync(path.join(directory, name));
  writeFileSync(path.join(directory, 'secret'), 'secret');
  writeFileSync(path.join(directory, 'boot/kernel'), 'the kernel');
  writeFileSync(path.join(directory, 'images/debian'), 'an image');
  symlinkSync('../secret', path.join(directory, 'boot/out'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

type Decide = (request: ForwardedRequest) => Decided | null;

/** Starts it with a parent that decides as told; null: never. */
async function start(decide: Decide, more: object = {}) {
  const file = path.join(directory, 'listener.json');
  writeFileSync(
    file,
    JSON.stringify({
      addresses: ['127.0.0.1'],
      port: 0,
      root: path.join(directory, 'boot'),
      images: path.join(directory, 'images'),
      ...more,
    }),
  );
  const child = fork(program, [file], { execArgv: fromSource, serialization: 'advanced', stdio: 'pipe', env: {} });
  children.push(child);
  const asked: ForwardedRequest[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', () => reject(new Error('it ended')));
    child.on('message', (value) => {
      const message = readFromListener(value);
      if (message.kind === 'ready') {
        resolve(message.addresses[0]?.port ?? 0);
        return;
      }
      asked.push(message.request);
      const decided = decide(message.request);
      if (decided !== null) child.send({ id: message.request.id, decided });
    });
  });
  return { child, port, asked };
}

async function ask(port: number, target: string, options: { method?: string; body?: string; headers?: object } = {}) {
  const { method = 'GET', body, headers = {} } = options;
  const request = httpRequest({ host: '127.0.0.1', port, path: target, method, headers: { ...headers }, agent: false });
  request.end(body);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve).on('error', reject);
  });
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(Buffer.from(piece as Uint8Array));
  return { status: response.statusCode, headers: response.headers, text: Buffer.concat(pieces).toString() };
}

const says = (text: string, status = 200): Decided => ({
  kind: 'answer',
  answer: { status, headers: { 'content-type': 'text/plain' }, body: Buffer.from(text) },
});
const codeOf = (text: string): string => errorBody.parse(JSON.parse(text)).error.code;

it('serves files and the first script by itself, and hands everything else to its parent', async () => {
  const { port, asked } = await start(({ target, method }) => says(`${method} ${target}`));
  const kernel = await ask(port, '/files/kernel');
  expect(kernel).toMatchObject({ status: 200, text: 'the kernel' });
  const digest = createHash('sha256').update('the kernel').digest('base64');
  expect(kernel.headers['repr-digest']).toBe(`sha-256=:${digest}:`);
  expect((await ask(port, '/files/kernel', { headers: { Range: 'bytes=4-' } })).text).toBe('kernel');
  expect((await ask(port, '/boot.ipxe')).text).toContain(`chain --autofree --replace http://127.0.0.1:${port}/ipxe?`);
  expect(asked).toEqual([]);
  expect(await ask(port, '/ipxe?mac=1')).toMatchObject({ status: 200, text: 'GET /ipxe?mac=1' });
  const headers = { 'Formwork-Session': 's', 'Formwork-Counter': '7', Cookie: 'x', Authorization: 'y' };
  const report = await ask(port, '/agent/v1/report?a=b', { method: 'POST', body: '{}', headers });
  expect(report).toMatchObject({ status: 200, text: 'POST /agent/v1/report?a=b' });
  expect(asked.map(({ body }) => Buffer.from(body).toString())).toEqual(['', '{}']);
  expect(asked[1]).toMatchObject({
    address: '127.0.0.1',
    headers: { 'formwork-session': 's', 'formwork-counter': '7' },
  });
});

it('gives nothing away: no traversal, no way out, no image that the parent did not name', async () => {
  const { port, asked } = await start(({ target }) => ({ kind: 'image', path: target.split('/').at(-1) ?? '' }));
  const targets = [
    '/files/../secret',
    '/files/%2e%2e/secret',
    '/files/..%2fimages/debian',
    '/files/out',
    '/files/',
    '/images/debian',
    '/../../etc/shadow',
    '/',
    '/agent/v2/claim',
    '/latest/user-data',
  ];
  for (const target of targets) expect(await ask(port, target)).toMatchObject({ status: 404 });
  expect(asked).toEqual([]);
  expect((await ask(port, '/agent/v1/images/debian', { headers: { Range: 'bytes=3-' } })).text).toBe('image');
  expect(await ask(port, '/agent/v1/images/..%2fsecret')).toMatchObject({ status: 404, text: '' });
});

it('strands no machine: whatever is wrong, an iPXE gets a script that asks again', async () => {
  const { port } = await start(() => null, { limits: { decisionMs: 50, requestsPerSecond: 0.001, burst: 2 } });
  const again = /^#!ipxe\n(.*\n)*sleep 5\n.*chain --autofree --replace http.*boot\.ipxe/;
  for (let count = 0; count < 4; count += 1) {
    const { status, text } = await ask(port, '/ipxe?mac=52-54-00-00-00-01');
    expect(status).toBe(200);
    expect(text).toMatch(again);
  }
  expect((await ask(port, '/boot.ipxe')).status).toBe(200);
  const limited = await ask(port, '/agent/v1/task');
  expect([limited.status, codeOf(limited.text), limited.headers['retry-after']]).toEqual([
    429,
    'too-many-requests',
    '5',
  ]);
});

it('says when the parent has no word, and takes no body that is too large', async () => {
  const { port, asked } = await start(() => null, { limits: { decisionMs: 50, bodyBytes: 10 } });
  const busy = await ask(port, '/agent/v1/task');
  expect([busy.status, codeOf(busy.text), busy.headers['retry-after']]).toEqual([503, 'busy', '5']);
  const large = await ask(port, '/agent/v1/log', { method: 'POST', body: 'x'.repeat(11) });
  expect([large.status, codeOf(large.text)]).toEqual([413, 'too-large']);
  const chunked = { 'Transfer-Encoding': 'chunked' };
  const growing = await ask(port, '/agent/v1/log', { method: 'POST', body: 'x'.repeat(11), headers: chunked });
  expect(growing.status).toBe(413);
  expect(asked).toHaveLength(1);
});

it('lets go of clients that are slow, and of those that are too many from one address', async () => {
  const { port } = await start(() => null, {
    limits: { headersMs: 200, requestMs: 400, connectionsPerAddress: 3, decisionMs: 50 },
  });
  const open = () => connect({ host: '127.0.0.1', port });
  const slow = open();
  slow.write('GET /boot.ipxe HTTP/1.1\r\nHost: x\r\n');
  const slowBody = open();
  slowBody.write('POST /agent/v1/log HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab');
  for (const socket of [slow, slowBody]) {
    socket.resume();
    await once(socket, 'close');
  }
  const three = [open(), open(), open()];
  await Promise.all(three.map((socket) => once(socket, 'connect')));
  await expect(ask(port, '/boot.ipxe')).rejects.toThrow(/socket hang up|ECONNRESET/);
  for (const socket of three) socket.destroy();
  await expect
    .poll(() =>
      ask(port, '/boot.ipxe').then(
        ({ status }) => status,
        () => 0,
      ),
    )
    .toBe(200);
});

it.runIf(process.getuid?.() === 0)('is nobody once it listens', async () => {
  const { child, port } = await start(() => null, { becomes: { uid: 65_534, gid: 65_534 } });
  const status = readFileSync(`/proc/${String(child.pid)}/status`, 'utf8');
  expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
  expect(status).toMatch(/^Gid:\t65534\t65534\t65534\t65534$/m);
  expect(status).toMatch(/^CapEff:\t0+$/m);
  expect(await ask(port, '/files/kernel')).toMatchObject({ status: 200, text: 'the kernel' });
});

it('ends with its parent', async () => {
  const { child } = await start(() => null);
  child.disconnect();
  expect(await once(child, 'exit')).toEqual([0, null]);
});

it('names what is wrong in its configuration', async () => {
  const file = path.join(directory, 'listener.json');
  writeFileSync(file, JSON.stringify({ addresses: ['here'], root: 'relative', baseUrl: 'ftp://x' }));
  const child = spawn(process.execPath, [...fromSource, program, file], { stdio: ['ignore', 'ignore', 'pipe'] });
  children.push(child);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  expect(await once(child, 'close')).toEqual([2, null]);
  expect(errors).toMatch(/addresses\.0:.*baseUrl:.*root:/s);
});
