/**
 * Session headers behind the RMCP header (IPMI 2.0 section 13.6). Numbers are little-endian.
 *
 *   v1.5, outside of a session: 0 auth type 00 | 1..4 sequence | 5..8 session id | 9 length | message
 *   RMCP+: 0 auth type 06 | 1 payload type, bit 7 encrypted, bit 6 authenticated | 2..5 session id | 6..9 sequence |
 *          10..11 length | payload | within a session: pad FF to 4 bytes | pad length | next header 07 | AuthCode
 *
 * The AuthCode covers everything from the auth type to the next header.
 */
import { parsed, refused, type Parsed } from '../parsed.ts';
import { ipmiPacket, parseRmcp } from './rmcp.ts';

export const payloadTypes = {
  ipmi: 0x00,
  openSessionRequest: 0x10,
  openSessionResponse: 0x11,
  rakp1: 0x12,
  rakp2: 0x13,
  rakp3: 0x14,
  rakp4: 0x15,
} as const;

export interface PlainPacket {
  readonly version: '1.5';
  readonly message: Buffer;
}

export interface PlusPacket {
  readonly version: '2.0';
  readonly payloadType: number;
  readonly encrypted: boolean;
  readonly authenticated: boolean;
  readonly sessionId: number;
  readonly sequence: number;
  readonly payload: Buffer;
  /** The bytes that the AuthCode covers, and the AuthCode; empty on unauthenticated packets. */
  readonly covered: Buffer;
  readonly authCode: Buffer;
}

/** A v1.5 packet outside of a session, or an RMCP+ packet whose AuthCode is `authCodeBytes` long; nothing is verified. */
export function parseSessionPacket(packet: Buffer, authCodeBytes: number): Parsed<PlainPacket | PlusPacket> {
  const rmcp = parseRmcp(packet);
  if (!rmcp.ok) return rmcp;
  if (rmcp.value.class !== 'ipmi') return refused('no IPMI class');
  const { body } = rmcp.value;
  if (body[0] === 0x06) return parsePlus(body, authCodeBytes);
  if (body[0] === 0x00) return parsePlain(body);
  return refused(`authentication type ${body[0] ?? -1}`);
}

function parsePlain(body: Buffer): Parsed<PlainPacket> {
  if (body.length < 10) return refused('v1.5 header cut off');
  if (body.readUInt32LE(1) !== 0 || body.readUInt32LE(5) !== 0) return refused('v1.5 packet of a session');
  const length = body[9] ?? 0;
  // One byte more is the legacy pad of section 13.6.
  if (body.length < 10 + length) return refused('v1.5 message cut off');
  return parsed({ version: '1.5', message: body.subarray(10, 10 + length) });
}

function parsePlus(body: Buffer, authCodeBytes: number): Parsed<PlusPacket> {
  if (body.length < 12) return refused('RMCP+ header cut off');
  const type = body[1] ?? 0;
  const authenticated = (type & 0x40) !== 0;
  const payloadType = type & 0x3f;
  if (payloadType === 0x02) return refused('OEM payload');
  const end = 12 + body.readUInt16LE(10);
  if (body.length < end) return refused('RMCP+ payload cut off');
  const common = {
    version: '2.0',
    payloadType,
    encrypted: (type & 0x80) !== 0,
    authenticated,
    sessionId: body.readUInt32LE(2),
    sequence: body.readUInt32LE(6),
    payload: body.subarray(12, end),
  } as const;
  if (!authenticated) return parsed({ ...common, covered: Buffer.alloc(0), authCode: Buffer.alloc(0) });
  const codeAt = body.length - authCodeBytes;
  const padLength = codeAt - 2 - end;
  if (padLength < 0 || padLength > 3) return refused('session trailer has the wrong length');
  if (body[codeAt - 2] !== padLength) return refused('session trailer lies about its pad');
  if (body[codeAt - 1] !== 0x07) return refused('next header is not RMCP');
  return parsed({ ...common, covered: body.subarray(0, codeAt), authCode: body.subarray(codeAt) });
}

/** A message outside of any session, in the format of IPMI 1.5 (authentication none). */
export function encodePlain(message: Buffer): Buffer {
  const header = Buffer.alloc(10);
  header[9] = message.length;
  return ipmiPacket(Buffer.concat([header, message]));
}

export interface PlusFields {
  readonly payloadType: number;
  readonly sessionId: number;
  readonly sequence: number;
  readonly payload: Buffer;
}

/** Without `sign` for session set-up, with it for packets of a session: encrypted and authenticated. */
export function encodePlus(fields: PlusFields, sign?: (covered: Buffer) => Buffer): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x06;
  header[1] = fields.payloadType | (sign === undefined ? 0 : 0xc0);
  header.writeUInt32LE(fields.sessionId, 2);
  header.writeUInt32LE(fields.sequence, 6);
  header.writeUInt16LE(fields.payload.length, 10);
  if (sign === undefined) return ipmiPacket(Buffer.concat([header, fields.payload]));
  const padLength = -(header.length + fields.payload.length + 2) & 3;
  const trailer = Buffer.from([...Array.from({ length: padLength }, () => 0xff), padLength, 0x07]);
  const covered = Buffer.concat([header, fields.payload, trailer]);
  return ipmiPacket(Buffer.concat([covered, sign(covered)]));
}
