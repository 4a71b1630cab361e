import { generateKeyPairSync, sign } from 'node:crypto';
import type { BootSession } from '@formwork/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzSettings, fuzzTimeoutMs } from '../testing/fuzz-settings.ts';
import { type AgentRoute, parseAgentRoute } from './agent-route.ts';
import { rawPublicKey, signedText } from './signature.ts';
import { checkSignedRequest, sessionIdOf, type SignedRequest } from './signed-request.ts';

const { numRuns, seed } = fuzzSettings('signed agent requests');
const agent = generateKeyPairSync('ed25519');
const other = generateKeyPairSync('ed25519');
const session: BootSession = {
  id: '3f2a1b4c-0000-4000-8000-00000000000a',
  siteId: 'site-1',
  machineId: 'machine-1',
  kind: 'discover',
  mac: '52:54:00:77:00:01',
  address: '10.77.0.100',
  state: 'claimed',
  publicKey: rawPublicKey(agent.publicKey),
  counter: 4,
  expiresAtMs: 10_000,
};
const task: AgentRoute = { kind: 'task' };

function signed(change: Partial<SignedRequest> = {}, key = agent.privateKey): SignedRequest {
  const request = {
    method: 'GET',
    target: '/agent/v1/task?wait=5',
    address: '10.77.0.100',
    session: session.id,
    counter: '5',
    body: Buffer.from('body'),
  };
  const signature = sign(null, signedText(request), key).toString('base64');
  return { ...request, signature, ...change };
}

it('goes through when the agent of the session said it, for the first time', () => {
  expect(checkSignedRequest(session, signed(), task, 9_999)).toEqual({ ok: true, session, counter: 5 });
});

it.each<[string, BootSession | null, SignedRequest, string]>([
  ['no session', null, signed(), 'unknown'],
  ['an expired session', { ...session, expiresAtMs: 1 }, signed(), 'expired'],
  ['a session in conflict', { ...session, state: 'conflict' }, signed(), 'ended'],
  ['a session that nobody claimed', { ...session, state: 'open', publicKey: null }, signed(), 'unknown'],
  ['another address', session, signed({ address: '10.77.0.101' }), 'other-machine'],
  ['another key', session, signed({}, other.privateKey), 'bad-signature'],
  ['the session of another', { ...session, publicKey: rawPublicKey(other.publicKey) }, signed(), 'bad-signature'],
  ['another target', session, signed({ target: '/agent/v1/task' }), 'bad-signature'],
  ['another method', session, signed({ method: 'POST' }), 'bad-signature'],
  ['another body', session, signed({ body: Buffer.from('bodies') }), 'bad-signature'],
  ['another counter', session, signed({ counter: '6' }), 'bad-signature'],
  ['a counter that is a number in no way but ours', session, signed({ counter: '05' }), 'bad-signature'],
  ['no counter', session, signed({ counter: undefined }), 'bad-signature'],
  ['no signature', session, signed({ signature: undefined }), 'bad-signature'],
  ['a replay', { ...session, counter: 5 }, signed(), 'replayed'],
  ['an older request', { ...session, counter: 9 }, signed(), 'replayed'],
])('is refused with %s', (_what, given, request, why) => {
  expect(checkSignedRequest(given, request, task, 100)).toEqual({ ok: false, why });
});

it('of an installed system may report it and log, and nothing else; an agent may not report one', () => {
  const firstBoot: BootSession = { ...session, kind: 'first-boot', address: null, mac: null };
  const may = (given: BootSession, kind: 'installed' | 'log' | 'task' | 'report') =>
    checkSignedRequest(given, signed({ address: given === session ? '10.77.0.100' : '192.0.2.1' }), { kind }, 100).ok;
  expect([
    may(firstBoot, 'installed'),
    may(firstBoot, 'log'),
    may(firstBoot, 'task'),
    may(firstBoot, 'report'),
  ]).toEqual([true, true, false, false]);
  expect([may(session, 'installed'), may(session, 'log'), may(session, 'task')]).toEqual([false, true, true]);
});

it('names its session by a UUID, or none', () => {
  expect(sessionIdOf({ session: session.id })).toBe(session.id);
  for (const text of [undefined, '', '../../etc/shadow', `${session.id}\n`, session.id.toUpperCase()]) {
    expect(sessionIdOf({ session: text })).toBeNull();
  }
});

it(
  'property: nothing that is not signed goes through, and nothing throws',
  () => {
    const header = fc.oneof(fc.constant(undefined), fc.constantFrom('5', signed().signature), fc.string());
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', ''),
      target: fc.string(),
      address: fc.constantFrom('10.77.0.100', ''),
      session: header,
      counter: header,
      signature: header,
      body: fc.uint8Array(),
    });
    fc.assert(
      fc.property(request, (given) => {
        expect(checkSignedRequest(session, given, task, 100).ok).toBe(false);
      }),
      { numRuns: Math.ceil(numRuns / 4), seed },
    );
  },
  fuzzTimeoutMs(),
);

describe('a route', () => {
  const id = '3f2a1b4c-0000-4000-8000-00000000000a';
  it.each([
    ['POST', '/agent/v1/claim', { kind: 'claim' }],
    ['GET', '/agent/v1/task', { kind: 'task' }],
    ['HEAD', '/agent/v1/images/debian-12.raw.zst', { kind: 'image', name: 'debian-12.raw.zst' }],
    ['GET', '/agent/v1/images/debian/12.raw', { kind: 'image', name: 'debian/12.raw' }],
    ['POST', `/agent/v1/tasks/${id}/result`, { kind: 'result', taskId: id }],
    ['GET', `/agent/v1/tasks/${id}/first-boot`, { kind: 'first-boot', taskId: id }],
    ['GET', '/agent/v1/data/latest/meta-data/', { kind: 'data', file: 'latest/meta-data/' }],
  ])('%s %s', (method, path, route) => {
    expect(parseAgentRoute(method, path)).toEqual({ ok: true, route });
  });

  it.each([
    ['GET', '/agent/v1/claim', 405],
    ['DELETE', '/agent/v1/task', 405],
    ['GET', '/agent/v1/images/../../etc/shadow', 404],
    ['GET', '/agent/v1/images/..%2fshadow', 404],
    ['GET', '/agent/v1/images/.hidden', 404],
    ['GET', '/agent/v1/images/debian/../../x', 404],
    ['GET', '/agent/v1/images/debian/', 404],
    ['GET', '/agent/v1/images/', 404],
    ['GET', '/agent/v1/data/%2e%2e/x', 404],
    ['POST', '/agent/v1/tasks/1/result', 404],
    ['GET', '/agent/v1/task/', 404],
    ['GET', '/agent/v2/task', 404],
  ])('is not %s %s', (method, path, status) => {
    expect(parseAgentRoute(method, path)).toEqual({ ok: false, status });
  });

  it(
    'property: is read without a throw, and never leads out',
    () => {
      const piece = fc.oneof(
        fc.constantFrom('/agent/v1/', 'images/', 'data/', 'tasks/', '..', '/', '%2e', 'latest', id, '/result'),
        fc.string(),
      );
      fc.assert(
        fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
          const parsed = parseAgentRoute('GET', `/agent/v1/${pieces.join('')}`);
          if (parsed.ok && parsed.route.kind === 'image') expect(parsed.route.name).not.toMatch(/%|(^|\/)\.|\/$/);
        }),
        { numRuns, seed },
      );
    },
    fuzzTimeoutMs(),
  );
});
