/**
 * What a BMC tells before any session (IPMI 2.0 sections 22.13 and 22.15). Nothing here is authenticated: it may only
 * make us give up early, never make us weaker.
 */
import { parsed, refused, type Parsed } from '../parsed.ts';
import type { IpmiRequest } from './lan-message.ts';

/** Of the channel that carries the request, with the RMCP+ data asked for; privilege administrator. */
export const getChannelAuthCapabilities: IpmiRequest = { netFn: 0x06, command: 0x38, data: [0x8e, 0x04] };

export interface ChannelAuthCapabilities {
  readonly rmcpPlus: boolean;
  /** The BMC has a key Kg of its own, other than zeros. */
  readonly hasKg: boolean;
}

/** data: 0 channel | 1 authentication types, bit 7 = extended | 2 status, bit 5 = Kg | 3 extended, bit 1 = RMCP+ | OEM */
export function parseChannelAuthCapabilities(data: Buffer): Parsed<ChannelAuthCapabilities> {
  if (data.length < 4) return refused(`capabilities of ${data.length} bytes`);
  const extended = ((data[1] ?? 0) & 0x80) !== 0;
  return parsed({
    rmcpPlus: extended && ((data[3] ?? 0) & 0x02) !== 0,
    hasKg: ((data[2] ?? 0) & 0x20) !== 0,
  });
}

/** Section `index` of the list, 16 bytes each, sorted by cipher suite. */
export const getChannelCipherSuites = (index: number): IpmiRequest => ({
  netFn: 0x06,
  command: 0x54,
  data: [0x0e, 0x00, 0x80 | (index & 0x3f)],
});

export interface CipherSuiteRecord {
  readonly id: number;
  readonly authentication: number | null;
  readonly integrity: readonly number[];
  readonly confidentiality: readonly number[];
}

/** Records C0 id, or C1 id and three bytes of IANA, each with algorithms: bits 7:6 say the kind, bits 5:0 the number. */
export function parseCipherSuiteRecords(bytes: Buffer): Parsed<readonly CipherSuiteRecord[]> {
  const records: CipherSuiteRecord[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = bytes[at];
    const oem = start === 0xc1;
    if (start !== 0xc0 && !oem) return refused(`no record starts at byte ${at}`);
    const id = bytes[at + 1];
    if (id === undefined) return refused('record without a number');
    at += oem ? 5 : 2;
    const of: [number[], number[], number[]] = [[], [], []];
    for (; at < bytes.length && ((bytes[at] ?? 0) & 0xc0) !== 0xc0; at += 1) {
      const byte = bytes[at] ?? 0;
      of[byte >> 6]?.push(byte & 0x3f);
    }
    if (!oem) records.push({ id, authentication: of[0][0] ?? null, integrity: of[1], confidentiality: of[2] });
  }
  return parsed(records);
}
