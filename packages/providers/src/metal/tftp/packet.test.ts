import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzSettings } from '../testing/fuzz-settings.ts';
import { encodeAck, encodeError, encodeOack, encodeRequest, type Packet, parsePacket } from './packet.ts';

const { numRuns, seed } = fuzzSettings('TFTP packets');

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const text = fc
  .array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 20 })
  .map((codes) => String.fromCharCode(...codes));
const options = fc.array(fc.tuple(text, text), { maxLength: 8 });
const block = fc.integer({ min: 0, max: 65535 });

describe('what cannot be read is named', () => {
  it.each([
    ['', 'too-short'],
    ['\0', 'too-short'],
    ['\0\x01', 'no-name'],
    ['\0\x01\0', 'no-mode'],
    ['\0\x01\0octet\0', 'no-name'],
    ['\0\x01file', 'text-not-ended'],
    ['\0\x01file\0octet', 'text-not-ended'],
    ['\0\x01file\0\0', 'no-mode'],
    ['\0\x01file\0octet\0blksize', 'text-not-ended'],
    ['\0\x01file\0octet\0blksize\0', 'option-without-value'],
    ['\0\x01file\0octet\0\x001468\0', 'option-without-name'],
    ['\0\x03\0', 'too-short'],
    ['\0\x04\0', 'too-short'],
    ['\0\x05\0', 'too-short'],
    ['\0\0', 'unknown-opcode'],
    ['\0\x07abc', 'unknown-opcode'],
    ['\x01\x01file\0octet\0', 'unknown-opcode'],
    [`\0\x01${'a'.repeat(2000)}\0octet\0`, 'too-long'],
    [`\0\x01a\0octet\0${'x\x001\0'.repeat(17)}`, 'too-many-options'],
  ])('%j', (packet, reason) => {
    expect(parsePacket(latin1(packet))).toEqual({ kind: 'malformed', reason });
  });
});

it('reads a request with options, keeping their spelling and the octets of the name', () => {
  expect(parsePacket(latin1('\0\x01\\Boot\\x\xff\0OcTeT\0BlkSize\x001468\0tsize\x000\0'))).toEqual({
    kind: 'request',
    operation: 'read',
    name: '\\Boot\\x\xff',
    mode: 'octet',
    options: [
      ['BlkSize', '1468'],
      ['tsize', '0'],
    ],
  });
});

it('reads a request that fills a whole buffer of an old ROM with NULs', () => {
  const padded = Buffer.concat([latin1('\0\x01file\0octet\0'), Buffer.alloc(200)]);
  expect(parsePacket(padded)).toMatchObject({ kind: 'request', name: 'file', options: [] });
});

describe('property', () => {
  it('octets of any kind never make it throw, and what it reads lies within the datagram', () => {
    const opcodeFirst = fc
      .tuple(fc.integer({ min: 0, max: 8 }), fc.uint8Array({ maxLength: 1600 }))
      .map(([opcode, rest]) => Uint8Array.of(0, opcode, ...rest));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), opcodeFirst), (datagram) => {
        const packet = parsePacket(datagram);
        if (packet.kind === 'data') expect(packet.data.length).toBe(datagram.length - 4);
        if (packet.kind === 'request') {
          expect(packet.name.length + packet.mode.length).toBeLessThan(datagram.length);
          expect(packet.options.length).toBeLessThanOrEqual(16);
        }
      }),
      { numRuns, seed },
    );
  });

  it('reads back what it wrote, and every shorter piece of a request is malformed', () => {
    const request = fc.record({
      operation: fc.constantFrom('read' as const, 'write' as const),
      name: text,
      mode: fc.constantFrom('octet', 'netascii', 'mail'),
      options,
    });
    fc.assert(
      fc.property(request, block, text, fc.nat(), (asked, number, message, cut) => {
        const written = encodeRequest(asked);
        expect(parsePacket(written)).toEqual({ kind: 'request', ...asked } satisfies Packet);
        expect(parsePacket(encodeAck(number))).toEqual({ kind: 'ack', block: number });
        expect(parsePacket(encodeError(number, message))).toEqual({ kind: 'error', code: number, message });
        expect(parsePacket(encodeOack(asked.options))).toEqual({ kind: 'oack', options: asked.options });
        const piece = parsePacket(written.subarray(0, cut % written.length));
        if (piece.kind === 'request') {
          // Cut between two options: it is a request, with fewer of them.
          expect(asked.options.slice(0, piece.options.length)).toEqual(piece.options);
        } else expect(piece.kind).toBe('malformed');
      }),
      { numRuns: Math.ceil(numRuns / 4), seed },
    );
  });
});
