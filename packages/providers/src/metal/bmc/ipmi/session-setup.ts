/**
 * Payloads of RMCP+ session set-up (IPMI 2.0 sections 13.17 to 13.24). Session ids are little-endian; `tag` pairs an
 * answer with its request. A status other than 00 makes the answer short.
 *
 *   Open Session request   tag | privilege, 0 = highest | 0 0 | console id | three times {kind 0 0 08 algorithm 0 0 0}
 *   Open Session response  tag | status | privilege | 0 | console id | BMC id | the same three
 *   RAKP 1  tag | 0 0 0 | BMC id | Rc, 16 | role | 0 0 | name length | name
 *   RAKP 2  tag | status | 0 0 | console id | Rm, 16 | GUID, 16 | key exchange code
 *   RAKP 3  tag | status | 0 0 | BMC id | key exchange code
 *   RAKP 4  tag | status | 0 0 | console id | integrity check value
 */
import { parsed, refused, type Parsed } from '../parsed.ts';
import type { CipherSuite } from './cipher-suites.ts';

/** A BMC's answer, or its refusal with the status of table 13-15. */
export type SetupAnswer<T> =
  | ({ readonly accepted: true; readonly tag: number } & T)
  | { readonly accepted: false; readonly tag: number; readonly status: number };

/** Table 13-15: no cipher suite match. Also what we make of a BMC that takes another triple than the proposed one. */
const noMatchingSuite = 0x11;

const idBytes = (id: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(id);
  return bytes;
};

export function encodeOpenSession(tag: number, consoleId: number, suite: CipherSuite): Buffer {
  const algorithm = (kind: number, code: number): number[] => [kind, 0, 0, 8, code, 0, 0, 0];
  return Buffer.from([
    ...[tag, 0, 0, 0, ...idBytes(consoleId)],
    ...algorithm(0, suite.authentication),
    ...algorithm(1, suite.integrity),
    ...algorithm(2, suite.confidentiality),
  ]);
}

/** Tag and status of any of the answers; null for an accepted one. */
function refusal(payload: Buffer): Parsed<{ accepted: false; tag: number; status: number } | null> {
  if (payload.length < 2) return refused('answer cut off');
  const status = payload[1] ?? 0;
  return parsed(status === 0 ? null : { accepted: false, tag: payload[0] ?? 0, status });
}

export function parseOpenSession(
  payload: Buffer,
  consoleId: number,
  suite: CipherSuite,
): Parsed<SetupAnswer<{ readonly bmcId: number }>> {
  const no = refusal(payload);
  if (!no.ok) return no;
  if (no.value !== null) return parsed(no.value);
  if (payload.length < 36) return refused(`Open Session response of ${payload.length} bytes`);
  if (payload.readUInt32LE(4) !== consoleId) return refused('Open Session response for another console');
  const bmcId = payload.readUInt32LE(8);
  if (bmcId === 0) return refused('session id 0');
  const wanted = [suite.authentication, suite.integrity, suite.confidentiality];
  for (const [kind, code] of wanted.entries()) {
    const at = 12 + kind * 8;
    if (payload[at] !== kind || payload[at + 3] !== 8 || ((payload[at + 4] ?? 0) & 0x3f) !== code) {
      return parsed({ accepted: false, tag: payload[0] ?? 0, status: noMatchingSuite });
    }
  }
  return parsed({ accepted: true, tag: payload[0] ?? 0, bmcId });
}

export interface Rakp1 {
  readonly tag: number;
  readonly bmcId: number;
  readonly consoleRandom: Buffer;
  readonly role: number;
  readonly user: Buffer;
}

export const encodeRakp1 = ({ tag, bmcId, consoleRandom, role, user }: Rakp1): Buffer =>
  Buffer.concat([
    Buffer.from([tag, 0, 0, 0]),
    idBytes(bmcId),
    consoleRandom,
    Buffer.from([role, 0, 0, user.length]),
    user,
  ]);

export interface Rakp2 {
  readonly bmcRandom: Buffer;
  readonly guid: Buffer;
  readonly code: Buffer;
}

export function parseRakp2(payload: Buffer, consoleId: number, suite: CipherSuite): Parsed<SetupAnswer<Rakp2>> {
  const no = refusal(payload);
  if (!no.ok) return no;
  if (no.value !== null) return parsed(no.value);
  if (payload.length !== 40 + suite.keyExchangeBytes) return refused(`RAKP 2 of ${payload.length} bytes`);
  if (payload.readUInt32LE(4) !== consoleId) return refused('RAKP 2 for another console');
  return parsed({
    accepted: true,
    tag: payload[0] ?? 0,
    bmcRandom: payload.subarray(8, 24),
    guid: payload.subarray(24, 40),
    code: payload.subarray(40),
  });
}

/** With a status other than 0 it tells the BMC to forget the session that was being set up. */
export const encodeRakp3 = (tag: number, status: number, bmcId: number, code: Buffer): Buffer =>
  Buffer.concat([Buffer.from([tag, status, 0, 0]), idBytes(bmcId), code]);

export function parseRakp4(
  payload: Buffer,
  consoleId: number,
  suite: CipherSuite,
): Parsed<SetupAnswer<{ readonly checkValue: Buffer }>> {
  const no = refusal(payload);
  if (!no.ok) return no;
  if (no.value !== null) return parsed(no.value);
  if (payload.length !== 8 + suite.codeBytes) return refused(`RAKP 4 of ${payload.length} bytes`);
  if (payload.readUInt32LE(4) !== consoleId) return refused('RAKP 4 for another console');
  return parsed({ accepted: true, tag: payload[0] ?? 0, checkValue: payload.subarray(8) });
}
