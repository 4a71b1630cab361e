/**
 * RMCP header (ASF 2.0 section 3.2.2; IPMI 2.0 section 13.1.3), four bytes:
 *
 *   0 version 06 | 1 reserved 00 | 2 sequence, FF = wants no RMCP ACK | 3 class: 06 ASF, 07 IPMI; bit 7 = ACK
 *
 * and the ASF presence ping and pong (ASF 2.0 sections 3.2.4.2 and 3.2.4.3):
 *
 *   4..7 IANA 4542, big-endian | 8 type: 80 ping, 40 pong | 9 tag | 10 reserved | 11 data length | 12.. data
 *   data of a pong: 0..3 IANA | 4..7 OEM | 8 entities (bit 7: IPMI) | 9 interactions | 10..15 reserved
 */
import { parsed, refused, type Parsed } from '../parsed.ts';

const asfIana = 4542;
const header = (messageClass: number): Buffer => Buffer.from([0x06, 0x00, 0xff, messageClass]);

export type RmcpBody =
  | { readonly class: 'asf'; readonly body: Buffer }
  | { readonly class: 'ipmi'; readonly body: Buffer };

export function parseRmcp(packet: Buffer): Parsed<RmcpBody> {
  if (packet.length < 4) return refused(`RMCP header of ${packet.length} bytes`);
  if (packet[0] !== 0x06) return refused(`RMCP version ${packet[0] ?? 0}`);
  const body = packet.subarray(4);
  if (packet[3] === 0x06) return parsed({ class: 'asf', body });
  if (packet[3] === 0x07) return parsed({ class: 'ipmi', body });
  return refused(`RMCP class ${packet[3] ?? 0}`);
}

export const ipmiPacket = (body: Buffer): Buffer => Buffer.concat([header(0x07), body]);

export function presencePing(tag: number): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt32BE(asfIana, 0);
  body[4] = 0x80;
  body[5] = tag;
  return Buffer.concat([header(0x06), body]);
}

export interface PresencePong {
  readonly tag: number;
  readonly speaksIpmi: boolean;
}

export function parsePong(body: Buffer): Parsed<PresencePong> {
  if (body.length < 8) return refused(`ASF message of ${body.length} bytes`);
  if (body.readUInt32BE(0) !== asfIana) return refused('ASF message of another enterprise');
  if (body[4] !== 0x40) return refused('ASF message that is no pong');
  if (body[7] !== 16 || body.length < 24) return refused('pong without its 16 bytes');
  return parsed({ tag: body[5] ?? 0, speaksIpmi: ((body[16] ?? 0) & 0x80) !== 0 });
}
