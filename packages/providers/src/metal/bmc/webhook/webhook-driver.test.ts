import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf } from '../../../provider-error.ts';
import { webhookSchema } from './webhook-configuration.ts';
import { webhookDriver } from './webhook-driver.ts';
import { readStatus } from './webhook-status.ts';

const signal = new AbortController().signal;
let server: Server;
let base = '';
let outlet = 'off';
let answer: { status: number; headers: Record<string, string>; body: (() => string) | null } = {
  status: 200,
  headers: {},
  body: null,
};
let heard: string[] = [];

beforeEach(async () => {
  outlet = 'off';
  heard = [];
  answer = { status: 200, headers: {}, body: null };
  server = createServer((request, response) => {
    heard.push(
      `${request.method ?? ''} ${request.url ?? ''} ${request.headers['x-key'] === 'open-sesame' ? 'with key' : 'without'}`,
    );
    if (request.url === '/outlet/on') outlet = 'ON';
    if (request.url === '/outlet/off') outlet = 'OFF';
    if (request.url === '/never') return;
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body?.() ?? JSON.stringify({ outlets: [{ 'a/b': { state: outlet } }] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  base = `http://127.0.0.1:${address === null || typeof address === 'string' ? 0 : address.port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const driver = (statusPath = '/status') => {
  const headers = { 'X-Key': { secret: 'pdu-key' } };
  return webhookDriver({
    configuration: webhookSchema.parse({
      status: {
        request: { url: base + statusPath, method: 'GET', headers },
        read: { pointer: '/outlets/0/a~1b/state' },
      },
      on: { url: `${base}/outlet/on`, headers },
      off: { url: `${base}/outlet/off`, headers },
    }),
    trust: { kind: 'system' },
    secret: (name) => Promise.resolve(name === 'pdu-key' ? 'open-sesame' : ''),
    now: Date.now,
  });
};
const failing = async (work: Promise<unknown>) => {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(inspect(error, { depth: 9 })).not.toContain('open-sesame');
  return failureOf(error);
};

describe('a webhook', () => {
  it('switches and reads an outlet, its secret header with every request', async () => {
    const pdu = driver();
    expect(await pdu.power(signal)).toBe('off');
    await pdu.setPower('on', signal);
    expect(await pdu.power(signal)).toBe('on');
    await pdu.setPower('cycle', signal);
    expect(heard.slice(-2)).toEqual(['POST /outlet/off with key', 'POST /outlet/on with key']);
    expect(heard.every((line) => line.endsWith('with key'))).toBe(true);
    expect(await failing(pdu.setPower('soft', signal))).toMatchObject({ kind: 'invalid', code: 'unsupported' });
  });

  it.each([
    [401, 'auth'],
    [404, 'not-found'],
    [400, 'invalid'],
    [302, 'invalid'],
    [500, 'unavailable'],
    [503, 'throttled'],
  ] as const)('that answers %i fails as %s', async (status, kind) => {
    answer = { ...answer, status, headers: { 'retry-after': '7', location: `${base}/elsewhere` } };
    expect(await failing(driver().power(signal))).toMatchObject({ kind, code: `http-${status}` });
    expect(heard.length).toBe(1);
  });

  it('says what it cannot read, stops at the deadline and takes no endless answer', async () => {
    answer.body = () => '{"outlets":[]}';
    expect(await failing(driver().power(signal))).toMatchObject({ kind: 'unavailable', code: 'garbled-answer' });
    answer.body = () => 'x'.repeat(100_000);
    expect(await failing(driver().power(signal))).toMatchObject({ code: 'answer-too-large' });
    expect(await failing(driver('/never').power(AbortSignal.timeout(200)))).toMatchObject({ code: 'timeout' });
  });
});

describe('the status of an answer', () => {
  const words = { on: ['on', '1'], off: ['off', '0'] };
  it('is read by pointer or pattern, and unknown for other words', () => {
    const by = (read: { pointer: string } | { pattern: string }, body: string) =>
      readStatus(body, { request: { url: 'http://x/', method: 'GET', headers: {} }, read, ...words });
    expect(by({ pointer: '/p' }, '{"p":1}')).toEqual({ ok: true, value: 'on' });
    expect(by({ pointer: '' }, '"Off"')).toEqual({ ok: true, value: 'off' });
    expect(by({ pointer: '/p' }, '{"p":"sleeping"}')).toEqual({ ok: true, value: 'unknown' });
    expect(by({ pattern: 'Outlet 3: (\\w+)' }, 'Outlet 2: off\nOutlet 3: on')).toEqual({ ok: true, value: 'on' });
    expect(by({ pointer: '/__proto__/p' }, '{}').ok).toBe(false);
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), fc.constantFrom('', '/a', '/0', '/a/b'), (body, pointer) => {
        expect(typeof by({ pointer }, body).ok).toBe('boolean');
      }),
    );
  });

  it('of a pattern that is none is refused in the configuration', () => {
    expect(
      webhookSchema.safeParse({
        status: { request: { url: 'http://x/' }, read: { pattern: '(' } },
        on: { url: 'http://x/' },
        off: { url: 'http://x/' },
      }).success,
    ).toBe(false);
  });
});
