/** RMCP and the session headers of IPMI 1.5 and RMCP+ as a BMC reads and writes them (IPMI 2.0 section 13.6). */
import { le32 } from './bytes.ts';

export type Inbound =
  | { readonly kind: 'ping'; readonly tag: number }
  | { readonly kind: 'plain'; readonly message: Buffer }
  | {
      readonly kind: 'plus';
      readonly type: number;
      readonly protectedPacket: boolean;
      readonly sessionId: number;
      readonly sequence: number;
      readonly payload: Buffer;
      /** From the authentication type to the end of the packet. */
      readonly body: Buffer;
    };

const rmcp = (messageClass: number, body: Buffer): Buffer =>
  Buffer.concat([Buffer.from([6, 0, 0xff, messageClass]), body]);

/** Null for what is not for a BMC. */
export function readPacket(packet: Buffer): Inbound | null {
  if (packet.length < 12 || packet[0] !== 6) return null;
  const body = packet.subarray(4);
  if (packet[3] === 6) {
    if (body.readUInt32BE(0) !== 4542 || body[4] !== 0x80) return null;
    return { kind: 'ping', tag: body[5] ?? 0 };
  }
  if (packet[3] !== 7) return null;
  if (body[0] === 0) {
    if (body.length < 10) return null;
    const end = 10 + (body[9] ?? 0);
    return body.length < end ? null : { kind: 'plain', message: body.subarray(10, end) };
  }
  if (body[0] !== 6 || body.length < 12) return null;
  const end = 12 + body.readUInt16LE(10);
  if (body.length < end) return null;
  const flags = body[1] ?? 0;
  return {
    kind: 'plus',
    type: flags & 0x3f,
    protectedPacket: (flags & 0xc0) === 0xc0,
    sessionId: body.readUInt32LE(2),
    sequence: body.readUInt32LE(6),
    payload: body.subarray(12, end),
    body,
  };
}

export const writePong = (tag: number): Buffer =>
  rmcp(6, Buffer.from([0, 0, 0x11, 0xbe, 0x40, tag, 0, 16, 0, 0, 0x11, 0xbe, 0, 0, 0, 0, 0x81, 0, 0, 0, 0, 0, 0, 0]));

export const writePlain = (message: Buffer): Buffer =>
  rmcp(7, Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, message.length]), message]));

const plusHeader = (flags: number, id: number, sequence: number, length: number): Buffer =>
  Buffer.concat([Buffer.from([6, flags]), le32(id), le32(sequence), le32(length).subarray(0, 2)]);

export const writeSetup = (type: number, payload: Buffer): Buffer =>
  rmcp(7, Buffer.concat([plusHeader(type, 0, 0, payload.length), payload]));

export function writeProtected(
  id: number,
  sequence: number,
  payload: Buffer,
  sign: (covered: Buffer) => Buffer,
): Buffer {
  const unpadded = Buffer.concat([plusHeader(0xc0, id, sequence, payload.length), payload]);
  const pad = (4 - ((unpadded.length + 2) % 4)) % 4;
  const covered = Buffer.concat([unpadded, Buffer.alloc(pad, 0xff), Buffer.from([pad, 7])]);
  return rmcp(7, Buffer.concat([covered, sign(covered)]));
}
