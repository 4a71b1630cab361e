import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogStream } from './log-stream.ts';
import { createRedactor, mask } from './redactor.ts';
import type { LogChunk } from './script-launch.ts';

const pem = `-----BEGIN PRIVATE KEY-----\n${'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49\n'.repeat(4)}q/4=\n-----END PRIVATE KEY-----\n`;

function streamed(secrets: readonly string[], pieces: readonly Buffer[], fromOffset = 0) {
  const chunks: LogChunk[] = [];
  const log = createLogStream({ redactor: createRedactor(secrets), fromOffset, onLog: (chunk) => chunks.push(chunk) });
  let offset = fromOffset;
  for (const piece of pieces) {
    log.push(offset, piece);
    offset += piece.length;
  }
  log.end();
  return { chunks, text: chunks.map((chunk) => chunk.text).join(''), log };
}

describe('redactor', () => {
  it('masks the value itself, URL-encoded, JSON-escaped and in base64 at every alignment', () => {
    const secret = 'p@ss "wörd"/+';
    const { redact } = createRedactor([secret]);
    const forms = [
      secret,
      encodeURIComponent(secret),
      encodeURIComponent(secret).replaceAll('%20', '+'),
      JSON.stringify({ password: secret }),
      Buffer.from(secret).toString('base64'),
      Buffer.from(secret).toString('base64url'),
      Buffer.from(`user:${secret}`).toString('base64'),
      Buffer.from(`u:${secret}\n`).toString('base64'),
      Buffer.from(`xx:${secret} more`).toString('base64'),
    ];
    for (const form of forms) {
      const masked = redact(`before ${form} after`);
      expect(masked).toContain(mask);
      for (let at = 0; at + 8 < secret.length; at += 1) expect(masked).not.toContain(secret.slice(at, at + 8));
      expect(Buffer.from(masked, 'base64').toString()).not.toContain('wörd');
    }
  });

  it('masks a key line by line and in wrapped base64, and leaves the armour readable', () => {
    const { redact } = createRedactor([pem]);
    expect(redact(pem)).not.toMatch(/MIGH/);
    expect(redact('-----BEGIN PRIVATE KEY-----')).toBe('-----BEGIN PRIVATE KEY-----');
    const indented = pem.replaceAll('\n', '\r\n   ');
    expect(redact(indented)).not.toMatch(/MIGH/);
    const wrapped = (
      Buffer.from(pem)
        .toString('base64')
        .match(/.{1,76}/g) ?? []
    ).join('\n');
    for (const line of redact(wrapped).split('\n').slice(0, -1)) expect(line).toBe(mask);
  });

  it('leaves everything alone when there are no secrets, or only ones too short to mask', () => {
    expect(createRedactor([]).redact('a [b] c')).toBe('a [b] c');
    expect(createRedactor(['', 'ab', '1']).redact('ab 1')).toBe('ab 1');
  });

  it('finds a secret wherever the stream is cut, and gives every byte its place', () => {
    const secrets = fc.array(fc.string({ minLength: 4, maxLength: 12 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        secrets,
        fc.array(fc.string()),
        fc.array(fc.nat({ max: 40 })),
        fc.nat(9),
        (all, texts, cuts, from) => {
          const whole = Buffer.from(texts.flatMap((text, index) => [text, all[index % all.length] ?? '']).join('~'));
          const pieces: Buffer[] = [];
          let rest = whole;
          for (const cut of cuts) {
            pieces.push(rest.subarray(0, cut));
            rest = rest.subarray(cut);
          }
          pieces.push(rest);
          const { chunks, text } = streamed(all, pieces, from);
          expect(text).toBe(createRedactor(all).redact(whole.toString()).replaceAll('\0', '\uFFFD'));
          let next = from;
          for (const chunk of chunks) {
            expect(chunk.offset).toBe(next);
            next = chunk.nextOffset;
          }
          expect(next).toBe(from + whole.length);
        },
      ),
    );
  });

  it('shows a line at once unless its end may be the beginning of a secret', () => {
    const chunks: string[] = [];
    const log = createLogStream({
      redactor: createRedactor(['hunter22']),
      fromOffset: 0,
      onLog: (chunk) => chunks.push(chunk.text),
    });
    log.push(0, Buffer.from('hello\n'));
    expect(chunks).toEqual(['hello\n']);
    log.push(6, Buffer.from('the hun'));
    expect(chunks).toEqual(['hello\n', 'the ']);
    expect(log.deliveredOffset).toBe(10);
    log.push(13, Buffer.from('ter22 is'));
    expect(chunks.join('')).toBe(`hello\nthe ${mask} is`);
  });
});

describe('log stream', () => {
  it('makes valid text of junk, without NUL, and joins characters cut in two', () => {
    const junk = Buffer.from([0x00, 0xff, 0xc3, 0x28, 0xf0, 0x9f, 0x98]);
    const { text } = streamed([], [junk, Buffer.from([0x80, 0x0a]), Buffer.from([0xc3]), Buffer.from([0xa9])]);
    expect(text).not.toContain('\0');
    expect(text).toContain('😀\n');
    expect(text.endsWith('é')).toBe(true);
    expect(Buffer.from(text).toString()).toBe(text);
  });

  it('drops what it has had and shows what is missing as a gap', () => {
    const chunks: LogChunk[] = [];
    const log = createLogStream({ redactor: createRedactor([]), fromOffset: 0, onLog: (chunk) => chunks.push(chunk) });
    log.push(0, Buffer.from('abc'));
    log.push(1, Buffer.from('bcd'));
    log.push(100, Buffer.from('z'));
    expect(chunks.map((chunk) => [chunk.offset, chunk.nextOffset, chunk.text])).toEqual([
      [0, 3, 'abc'],
      [3, 4, 'd'],
      [100, 101, 'z'],
    ]);
  });

  it('cuts a flood into chunks below 64 KiB', () => {
    const { chunks } = streamed([], [Buffer.alloc(300_000, 0xff)]);
    for (const chunk of chunks) expect(Buffer.byteLength(chunk.text)).toBeLessThan(64 * 1024);
  });
});
