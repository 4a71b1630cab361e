import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzSettings, fuzzTimeoutMs } from '../../testing/fuzz-settings.ts';
import { encodePacket } from './encode-packet.ts';
import { option } from './option-codes.ts';
import type { OutgoingPacket } from './packet.ts';
import { type Malformed, parsePacket } from './parse-packet.ts';

const type = { code: option.messageType, value: Buffer.of(1) };
const bare: OutgoingPacket = {
  op: 1,
  htype: 1,
  xid: 0x01020304,
  secs: 0,
  flags: 0,
  ciaddr: 0,
  yiaddr: 0,
  siaddr: 0,
  giaddr: 0,
  chaddr: Buffer.from('525400770001', 'hex'),
  sname: '',
  file: '',
  options: [type],
};
const datagram = (packet: Partial<OutgoingPacket> = {}): Buffer => encodePacket({ ...bare, ...packet }, 1472).bytes;
const changed = (change: (bytes: Buffer) => unknown): Buffer => {
  const bytes = Buffer.from(datagram());
  change(bytes);
  return bytes;
};
/** The fixed part, then these bytes as options. */
const withOptions = (...bytes: readonly number[]): Buffer =>
  Buffer.concat([datagram().subarray(0, 240), Buffer.from(bytes)]);

describe('parsePacket', () => {
  const corpus: readonly (readonly [what: string, bytes: Buffer, reason: Malformed])[] = [
    ['nothing', Buffer.alloc(0), 'too-short'],
    ['one byte', Buffer.of(1), 'too-short'],
    ['a packet without options', datagram().subarray(0, 239), 'too-short'],
    ['a datagram of 65,507 bytes', Buffer.alloc(65_507, 1), 'too-long'],
    ['an operation that is none', changed((bytes) => bytes.writeUInt8(3, 0)), 'bad-operation'],
    ['a hardware address of 255 bytes', changed((bytes) => bytes.writeUInt8(255, 2)), 'bad-hardware-address'],
    ['BOOTP without the cookie', changed((bytes) => bytes.fill(0, 236, 240)), 'bad-magic'],
    ['an option that ends behind the packet', withOptions(53, 1, 1, 12, 200, 65), 'truncated-option'],
    ['an option without a length', withOptions(53, 1, 1, 12), 'truncated-option'],
    ['a message type of two bytes', withOptions(53, 2, 1, 1, 255), 'bad-option-length'],
    ['a message type that is empty', withOptions(53, 0, 255), 'bad-option-length'],
    ['a message type sent twice', withOptions(53, 1, 1, 53, 1, 3, 255), 'bad-option-length'],
    ['no message type', withOptions(255), 'no-message-type'],
    ['a requested address of three bytes', withOptions(53, 1, 1, 50, 3, 10, 0, 0, 255), 'bad-option-length'],
    ['a size of one byte', withOptions(53, 1, 1, 57, 1, 5, 255), 'bad-option-length'],
    ['half an architecture', withOptions(53, 1, 1, 93, 3, 0, 7, 0, 255), 'bad-option-length'],
    ['an overload of two bytes', withOptions(53, 1, 1, 52, 2, 1, 1, 255), 'bad-overload'],
    ['an overload that means nothing', withOptions(53, 1, 1, 52, 1, 4, 255), 'bad-overload'],
    ['a client without address and identifier', changed((bytes) => bytes.writeUInt8(0, 2)), 'no-client'],
  ];
  it.each(corpus)('refuses %s', (_what, bytes, reason) => {
    expect(parsePacket(bytes)).toEqual({ ok: false, reason });
  });

  it('reads options without an end, and ends at the end', () => {
    expect(parsePacket(withOptions(53, 1, 1, 0, 0, 12, 1, 65)).ok).toBe(true);
    const parsed = parsePacket(withOptions(53, 1, 3, 255, 12, 200, 65));
    expect(parsed.ok && parsed.packet.options.has(12)).toBe(false);
  });

  it('reads options in file and sname, continued in that order (RFC 3396)', () => {
    const bytes = withOptions(53, 1, 1, 52, 1, 3, 12, 1, 65, 255);
    bytes.set([12, 1, 66, 255], 108);
    bytes.set([12, 1, 67, 60, 1, 90, 255], 44);
    const parsed = parsePacket(bytes);
    expect(parsed.ok && parsed.packet.options.get(12)?.toString()).toBe('ABC');
    expect(parsed.ok && parsed.packet.options.get(60)?.toString()).toBe('Z');
  });

  it('refuses an option that runs from file into the cookie', () => {
    const bytes = withOptions(53, 1, 1, 52, 1, 1, 255);
    bytes.fill(0, 108, 236);
    bytes.set([12, 200], 230);
    expect(parsePacket(bytes)).toEqual({ ok: false, reason: 'truncated-option' });
  });

  it('knows an InfiniBand port by its client identifier (RFC 4390)', () => {
    const bytes = withOptions(53, 1, 1, 61, 3, 255, 1, 2, 255);
    bytes.writeUInt8(0, 2);
    const parsed = parsePacket(bytes);
    expect(parsed.ok && parsed.packet.client).toBe('id-ff0102');
  });

  it(
    'never throws, whatever comes',
    () => {
      const { numRuns, seed } = fuzzSettings('DHCP parser');
      const valid = fc.uint8Array({ maxLength: 400 }).map((tail) => Buffer.concat([datagram().subarray(0, 240), tail]));
      const mutated = fc
        .tuple(valid, fc.array(fc.tuple(fc.nat(640), fc.integer({ min: 0, max: 255 })), { maxLength: 20 }))
        .map(([bytes, changes]) => {
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          return bytes;
        });
      const any = fc.uint8Array({ maxLength: 700 }).map((bytes) => Buffer.from(bytes));
      fc.assert(
        fc.property(fc.oneof(valid, mutated, any), (bytes) => {
          const before = Buffer.from(bytes);
          const parsed = parsePacket(bytes);
          expect(bytes.equals(before)).toBe(true);
          if (!parsed.ok) return;
          expect(parsed.packet.chaddr.length).toBeLessThanOrEqual(16);
          const size = [...parsed.packet.options.values()].reduce((sum, value) => sum + value.length, 0);
          expect(size).toBeLessThanOrEqual(bytes.length);
        }),
        { numRuns, seed },
      );
    },
    fuzzTimeoutMs(),
  );
});

describe('encodePacket', () => {
  const options = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 254 }), fc.uint8Array({ maxLength: 600 })), {
    selector: ([code]) => code,
    maxLength: 12,
  });
  const fixed: readonly number[] = [50, 51, 52, 53, 54, 57, 93, 118];

  it('writes what the parser reads, long options in pieces', () => {
    const { seed } = fuzzSettings('DHCP round trip');
    const word = fc.nat(0xffffffff);
    fc.assert(
      fc.property(options, word, word, fc.nat(0xffff), (chosen, xid, yiaddr, flags) => {
        const extra = chosen
          .filter(([code]) => !fixed.includes(code))
          .map(([code, value]) => ({ code, value: Buffer.from(value) }));
        const { bytes, dropped } = encodePacket({ ...bare, xid, yiaddr, flags, options: [type, ...extra] }, 65_000);
        expect(dropped).toEqual([]);
        expect(bytes.length).toBeGreaterThanOrEqual(300);
        if (bytes.length > 4096) return;
        const parsed = parsePacket(bytes);
        if (!parsed.ok) throw new Error(parsed.reason);
        expect(parsed.packet).toMatchObject({ xid, yiaddr, flags, client: '525400770001' });
        expect([...parsed.packet.options].map(([code, value]) => [code, value.toString('hex')]).sort()).toEqual(
          [type, ...extra].map(({ code, value }) => [code, value.toString('hex')]).sort(),
        );
      }),
      { numRuns: 2000, seed },
    );
  });

  it('stays within the size, keeps option 82 whole and last, and drops from the end', () => {
    const { seed } = fuzzSettings('DHCP sizes');
    fc.assert(
      fc.property(
        options,
        fc.integer({ min: 548, max: 1472 }),
        fc.uint8Array({ maxLength: 200 }),
        (chosen, longest, agent) => {
          const extra = chosen
            .filter(([code]) => !fixed.includes(code) && code !== 82)
            .map(([code, value]) => ({ code, value: Buffer.from(value) }));
          const all = [type, { code: 82, value: Buffer.from(agent) }, ...extra];
          const { bytes, dropped } = encodePacket({ ...bare, options: all }, longest);
          expect(bytes.length).toBeLessThanOrEqual(longest);
          const parsed = parsePacket(bytes);
          if (!parsed.ok) throw new Error(parsed.reason);
          const codes = [...parsed.packet.options.keys()];
          expect(codes.at(-1)).toBe(82);
          expect(parsed.packet.options.get(82)?.equals(agent)).toBe(true);
          expect([...codes, ...dropped].sort((a, b) => a - b)).toEqual(
            all.map(({ code }) => code).sort((a, b) => a - b),
          );
        },
      ),
      { numRuns: 2000, seed },
    );
  });

  it('leaves a name out that has no room for its end', () => {
    const long = 'x'.repeat(128);
    expect(
      datagram({ file: long })
        .subarray(108, 236)
        .every((byte) => byte === 0),
    ).toBe(true);
    expect(
      datagram({ file: long.slice(1) })
        .subarray(108, 236)
        .toString('latin1'),
    ).toBe(`${long.slice(1)}\0`);
  });
});
