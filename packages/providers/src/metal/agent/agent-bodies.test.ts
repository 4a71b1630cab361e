import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fuzzSettings, fuzzTimeoutMs } from '../testing/fuzz-settings.ts';
import {
  harmlessText,
  mostLogBytes,
  readClaim,
  readInstalled,
  readJson,
  readLog,
  readProgress,
  readResult,
} from './agent-bodies.ts';

const { numRuns, seed } = fuzzSettings('agent bodies');
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const publicKey = Buffer.alloc(32, 7).toString('base64');
const claim = { token: 'A'.repeat(43), mac: '52-54-00-77-00-01', publicKey };

it('reads a claim, the MAC as firmware or the kernel has it', () => {
  const read = { ...claim, mac: '52:54:00:77:00:01' };
  expect(readClaim(bytes(claim))).toEqual(read);
  expect(readClaim(bytes({ ...claim, mac: '52:54:00:77:00:01', more: 1 }))).toEqual(read);
  const bad = [
    { ...claim, publicKey: publicKey.slice(1) },
    { ...claim, publicKey: `${publicKey} ` },
    { ...claim, mac: '52-54-00' },
    { ...claim, token: 'A'.repeat(1000) },
    [],
    null,
  ];
  for (const value of bad) expect(readClaim(bytes(value))).toBeNull();
});

it('reads results and progress, with texts that harm nobody', () => {
  const message = 'a\u0000b\u001b[31m\ud800 c\nd';
  expect(readResult(bytes({ ok: false, code: 'script-failed', message, outputs: { 'x\u0000': [message] } }))).toEqual({
    ok: false,
    code: 'script-failed',
    message: 'ab[31m c\nd',
    outputs: { x: ['ab[31m c\nd'] },
  });
  expect(readResult(bytes({ ok: true, code: '../../etc/shadow' }))).toMatchObject({ code: 'unknown', outputs: {} });
  expect(readProgress(bytes({ percent: 250.4, message: 'x'.repeat(600) }))).toEqual({
    percent: 100,
    message: 'x'.repeat(500),
  });
  expect(readProgress(bytes({ percent: '5' }))).toBeNull();
  const deep = `{"ok":true,"code":"ok","outputs":${'{"deep":'.repeat(5000)}1${'}'.repeat(5000)}}`;
  expect(readResult(Buffer.from(deep))).toBeNull();
});

it('reads host keys, without their comments', () => {
  const key = `ssh-ed25519 ${'A'.repeat(68)}`;
  expect(readInstalled(bytes({ hostKeys: [`${key} root@node`], hostname: 'node' }))).toEqual({
    token: null,
    hostKeys: [key],
    kernel: null,
  });
  for (const hostKeys of [[], ['ssh-dss AAAA'], [`${key}\nssh-ed25519 x`], Array(17).fill(key), 'x']) {
    expect(readInstalled(bytes({ hostKeys }))).toBeNull();
  }
});

it('reads a log of a size, whatever octets it has', () => {
  expect(readLog(Buffer.from([0x61, 0xff, 0, 0x0a, 0x62]))).toBe('a\ufffd\nb');
  expect(readLog(Buffer.alloc(mostLogBytes + 1))).toBeNull();
});

const said = [
  claim,
  { percent: 12.5, message: 'writing \u0000\ud83d\ude00' },
  { ok: true, code: 'ok', message: 'done', outputs: { a: [1, { b: 'text\u0007' }], 'c\ud800': null } },
  { hostKeys: [`ssh-ed25519 ${'A'.repeat(68)} root@node`] },
];

it(
  'property: no body makes any of them throw or let something harmful through',
  () => {
    const readers = [readClaim, readProgress, readResult, readInstalled, readLog];
    // What agents say, broken in a few places: most of it is read to its end.
    const broken = fc
      .tuple(
        fc.constantFrom(...said.map(bytes)),
        fc.array(fc.tuple(fc.nat({ max: 400 }), fc.nat({ max: 255 })), { maxLength: 5 }),
      )
      .map(([octets, edits]) => {
        const copy = Buffer.from(octets);
        for (const [at, octet] of edits) copy[at % copy.length] = octet;
        return copy;
      });
    const body = fc.oneof(broken, fc.uint8Array({ maxLength: 60 }));
    fc.assert(
      fc.property(body, (octets) => {
        for (const read of readers) {
          expect(textsOf(read(octets)).join('')).not.toMatch(/\0|\p{Cs}/u);
        }
      }),
      { numRuns, seed },
    );
  },
  fuzzTimeoutMs(),
);

it('takes nothing from what is left', () => {
  expect(harmlessText('Müller 漢字 😀\tx')).toBe('Müller 漢字 😀\tx');
  expect(readJson(Buffer.from([0xff]))).toBeUndefined();
});

function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.entries(value).flat().flatMap(textsOf) : [];
}
