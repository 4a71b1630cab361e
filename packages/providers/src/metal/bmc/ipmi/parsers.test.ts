import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzSettings } from '../../testing/fuzz-settings.ts';
import type { Parsed } from '../parsed.ts';
import { encodeBootFlags, parseBootFlags } from './boot-flags.ts';
import { parseChannelAuthCapabilities, parseCipherSuiteRecords } from './channel.ts';
import { suites } from './cipher-suites.ts';
import { decryptPayload, encryptPayload } from './confidential-payload.ts';
import { parseDeviceId } from './device-id.ts';
import { parseFru } from './fru-areas.ts';
import { ipmiQuirks } from './ipmi-quirks.ts';
import { checksum, encodeRequest, parseResponse } from './lan-message.ts';
import { parsePong, parseRmcp, presencePing } from './rmcp.ts';
import { parseSelEntry } from './sel.ts';
import { authCode, keysOf, sameCode } from './session-keys.ts';
import { encodePlain, encodePlus, parseSessionPacket } from './session-packet.ts';
import {
  encodeOpenSession,
  encodeRakp1,
  encodeRakp3,
  parseOpenSession,
  parseRakp2,
  parseRakp4,
} from './session-setup.ts';

const { numRuns, seed } = fuzzSettings('IPMI packets');

const quirks = ipmiQuirks(0);
const keys = keysOf(suites[17], Buffer.alloc(32, 7));
const protectedPacket = encodePlus(
  {
    payloadType: 0,
    sessionId: 1,
    sequence: 1,
    payload: encryptPayload(keys.aesKey, encodeRequest({ netFn: 0, command: 1, data: [] }, 1)),
  },
  (covered) => authCode(keys, covered),
);
const responseMessage = (data: readonly number[]): Buffer => {
  const head = [0x81, 0x04];
  const rest = [0x20, 0x04, 0x01, 0x00, ...data];
  return Buffer.from([...head, checksum(head), ...rest, checksum(rest)]);
};
const pong = Buffer.from([
  6, 0, 255, 6, 0, 0, 0x11, 0xbe, 0x40, 9, 0, 16, 0, 0, 0x11, 0xbe, 0, 0, 0, 0, 0x81, 0, 0, 0, 0, 0, 0, 0,
]);
const fru = Buffer.from([1, 0, 0, 0, 1, 0, 0, 0xfe, 1, 2, 0, 0xc3, 65, 66, 67, 0xc1, 0, 0, 0, 0, 0, 0, 0, 0]);
fru[23] = checksum(fru.subarray(8, 23));

const corpus: readonly Buffer[] = [
  protectedPacket,
  pong,
  presencePing(3),
  encodePlain(responseMessage([1, 0x80, 0, 2])),
  responseMessage([1, 2, 3]),
  encodePlus({ payloadType: 0x11, sessionId: 0, sequence: 0, payload: encodeOpenSession(1, 2, suites[3]) }),
  encodeRakp1({ tag: 1, bmcId: 5, consoleRandom: Buffer.alloc(16), role: 0x14, user: Buffer.from('admin') }),
  encodeRakp3(1, 0, 5, Buffer.alloc(32)),
  Buffer.from([
    1, 0, 4, 0, 2, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 8, 1, 0, 0, 0, 1, 0, 0, 8, 1, 0, 0, 0, 2, 0, 0, 8, 1, 0, 0, 0,
  ]),
  Buffer.from([0xc0, 3, 1, 0x41, 0x81, 0xc0, 17, 3, 0x44, 0x81, 0xc1, 0x80, 1, 2, 3, 1]),
  fru,
  Buffer.alloc(0),
  Buffer.from([6]),
  Buffer.from([6, 0, 255, 7, 6, 0xc0, 1, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff]),
];

/** Noise, and packets that were right until somebody changed, cut or lengthened them. */
const hostile: fc.Arbitrary<Buffer> = fc.oneof(
  fc.uint8Array({ maxLength: 160 }).map((bytes) => Buffer.from(bytes)),
  fc
    .record({
      of: fc.constantFrom(...corpus),
      edits: fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }),
      keep: fc.double({ min: 0, max: 1, noNaN: true }),
      more: fc.uint8Array({ maxLength: 20 }),
    })
    .map(({ of, edits, keep, more }) => {
      const bytes = Buffer.concat([of.subarray(0, Math.ceil(of.length * keep)), more]);
      for (const [at, byte] of edits) if (at < bytes.length) bytes[at] = byte;
      return bytes;
    }),
);

const parsers: Readonly<Record<string, (bytes: Buffer) => Parsed<unknown>>> = {
  rmcp: parseRmcp,
  pong: parsePong,
  plain: (bytes) => parseSessionPacket(bytes, 0),
  plus12: (bytes) => parseSessionPacket(bytes, 12),
  plus16: (bytes) => parseSessionPacket(bytes, 16),
  response: parseResponse,
  openSession: (bytes) => parseOpenSession(bytes, 2, suites[3]),
  rakp2: (bytes) => parseRakp2(bytes, 2, suites[17]),
  rakp4: (bytes) => parseRakp4(bytes, 2, suites[17]),
  capabilities: parseChannelAuthCapabilities,
  cipherSuites: parseCipherSuiteRecords,
  bootFlags: (bytes) => parseBootFlags(bytes, quirks),
  deviceId: parseDeviceId,
  fru: parseFru,
  sel: parseSelEntry,
  decrypt: (bytes) => decryptPayload(keys.aesKey, bytes),
};

describe('parsers of what a BMC sends', () => {
  it('answer a value or a reason for any bytes, and never throw', () => {
    fc.assert(
      fc.property(hostile, (bytes) => {
        for (const [name, parse] of Object.entries(parsers)) {
          const result = parse(bytes);
          if (!result.ok && result.reason.length === 0) throw new Error(`${name} gave no reason`);
        }
      }),
      { numRuns, seed },
    );
  });

  it('take no message whose checksums do not add up', () => {
    fc.assert(
      fc.property(hostile, (bytes) => {
        const result = parseResponse(bytes);
        if (!result.ok) return;
        expect([checksum(bytes.subarray(0, 3)), checksum(bytes.subarray(3))]).toEqual([0, 0]);
      }),
      { numRuns, seed },
    );
  });

  it('verify no protected packet that was changed anywhere', () => {
    fc.assert(
      fc.property(fc.nat(protectedPacket.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(protectedPacket);
        changed[at] = (changed[at] ?? 0) ^ flip;
        const found = parseSessionPacket(changed, 16);
        // The RMCP sequence (byte 2) and reserved byte (1) stand outside of the AuthCode and mean nothing.
        if (!found.ok || found.value.version !== '2.0' || at === 1 || at === 2) return true;
        return !(found.value.authenticated && sameCode(found.value.authCode, authCode(keys, found.value.covered)));
      }),
      { numRuns: Math.min(numRuns, 20_000), seed },
    );
  });

  it('give back what was encrypted, of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const back = decryptPayload(keys.aesKey, encryptPayload(keys.aesKey, Buffer.from(bytes)));
        expect(back).toEqual({ ok: true, value: Buffer.from(bytes) });
      }),
      { numRuns: 500, seed },
    );
  });
});

describe('what the packets mean', () => {
  it('an Open Session answer with another algorithm is no agreement, whichever of the three it is', () => {
    const answer = corpus[8] ?? Buffer.alloc(0);
    expect(parseOpenSession(answer, 2, suites[3])).toMatchObject({ ok: true, value: { accepted: true, bmcId: 9 } });
    for (const at of [16, 24, 32]) {
      const weaker = Buffer.from(answer);
      weaker[at] = 0;
      expect(parseOpenSession(weaker, 2, suites[3])).toMatchObject({ ok: true, value: { accepted: false } });
    }
  });

  it('reads a list of cipher suites, those of OEMs left out', () => {
    expect(parseCipherSuiteRecords(corpus[9] ?? Buffer.alloc(0))).toEqual({
      ok: true,
      value: [
        { id: 3, authentication: 1, integrity: [1], confidentiality: [1] },
        { id: 17, authentication: 3, integrity: [4], confidentiality: [1] },
      ],
    });
  });

  it('reads an FRU product area and leaves out one whose checksum is wrong', () => {
    expect(parseFru(fru)).toMatchObject({ ok: true, value: { manufacturer: 'ABC' } });
    const broken = Buffer.from(fru);
    broken[12] = 90;
    expect(parseFru(broken)).toMatchObject({ ok: true, value: { manufacturer: null } });
  });

  it('boot flags come back as they were set, on Supermicro too', () => {
    const devices = ['pxe', 'disk', 'cdrom', 'bios'] as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...devices),
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom(0, 10876),
        (device, persistent, efi, vendor) => {
          const own = ipmiQuirks(vendor);
          const flags = encodeBootFlags({ device, persistent, efi }, own);
          if (!flags.ok) throw new Error(flags.reason);
          expect(parseBootFlags(Buffer.from([1, 5, ...flags.value]), own)).toEqual({
            ok: true,
            value: { device, persistent, efi },
          });
          if (vendor !== 0 && device === 'disk' && efi) expect(flags.value[1]).toBe(0x24);
        },
      ),
      { seed },
    );
    expect(encodeBootFlags({ device: 'uefi-http', persistent: false, efi: true }, quirks).ok).toBe(false);
  });
});
