import { option } from './option-codes.ts';
import { layout, magicCookie, type OutgoingPacket } from './packet.ts';

/** Some ROMs drop anything shorter (the size of a BOOTP message, RFC 1542, 2.1). */
const shortest = 300;
const longestPiece = 255;
/** IP and UDP headers, which option 57 counts. */
const ipAndUdpBytes = 28;
/** What every client must take (RFC 2131, 2), and the most that crosses an Ethernet in one piece. */
const leastDatagram = 576;
const mostDatagram = 1500;

/** The most bytes a client takes, by its option 57. */
export function longestReply(maxMessageSize: Buffer | undefined): number {
  const asked = maxMessageSize === undefined ? leastDatagram : maxMessageSize.readUInt16BE(0);
  return Math.min(Math.max(asked, leastDatagram), mostDatagram) - ipAndUdpBytes;
}

/** Bytes an option takes on the wire, its pieces' headers included (RFC 3396). */
const wireBytes = (valueBytes: number): number => valueBytes + 2 * Math.max(1, Math.ceil(valueBytes / longestPiece));

export interface Encoded {
  readonly bytes: Buffer;
  /** Codes that found no room. */
  readonly dropped: readonly number[];
}

const nothing: readonly number[] = [];

/**
 * Writes a packet of at most `longest` bytes. What does not fit is left out, except that option 82, which is always the
 * last (RFC 3046, 2.2), has its room kept. Option 52 is never used: too many ROMs do not read it.
 */
export function encodePacket(packet: OutgoingPacket, longest: number): Encoded {
  let room = longest - layout.options - 1;
  let agent: Buffer | null = null;
  for (const { code, value } of packet.options) {
    if (code !== option.agentInformation || wireBytes(value.length) > room) continue;
    agent = value;
    room -= wireBytes(value.length);
  }
  let used = 0;
  let dropped: number[] | null = null;
  for (const { code, value } of packet.options) {
    if (code === option.agentInformation ? agent === null : used + wireBytes(value.length) > room) {
      (dropped ??= []).push(code);
    } else if (code !== option.agentInformation) used += wireBytes(value.length);
  }
  const total = layout.options + used + (agent === null ? 0 : wireBytes(agent.length)) + 1;
  const bytes = Buffer.allocUnsafe(Math.max(shortest, total));
  writeHeader(packet, bytes);
  let at: number = layout.options;
  for (const { code, value } of packet.options) {
    if (code !== option.agentInformation && dropped?.includes(code) !== true) at = writeOption(bytes, at, code, value);
  }
  if (agent !== null) at = writeOption(bytes, at, option.agentInformation, agent);
  bytes[at] = option.end;
  bytes.fill(0, at + 1);
  return { bytes, dropped: dropped ?? nothing };
}

function writeHeader(packet: OutgoingPacket, bytes: Buffer): void {
  bytes[0] = packet.op;
  bytes[1] = packet.htype;
  bytes[2] = packet.chaddr.length;
  bytes[layout.hops] = 0;
  bytes.writeUInt32BE(packet.xid, layout.xid);
  bytes.writeUInt16BE(packet.secs, layout.secs);
  bytes.writeUInt16BE(packet.flags, layout.flags);
  bytes.writeUInt32BE(packet.ciaddr, layout.ciaddr);
  bytes.writeUInt32BE(packet.yiaddr, layout.yiaddr);
  bytes.writeUInt32BE(packet.siaddr, layout.siaddr);
  bytes.writeUInt32BE(packet.giaddr, layout.giaddr);
  bytes.fill(0, layout.chaddr, layout.magic);
  packet.chaddr.copy(bytes, layout.chaddr, 0, 16);
  writeName(bytes, layout.sname, layout.file, packet.sname);
  writeName(bytes, layout.file, layout.magic, packet.file);
  bytes.writeUInt32BE(magicCookie, layout.magic);
}

/** A name and its NUL, or nothing: a name cut short is another name. */
function writeName(bytes: Buffer, from: number, to: number, name: string): void {
  if (name !== '' && Buffer.byteLength(name) < to - from) bytes.write(name, from);
}

function writeOption(bytes: Buffer, start: number, code: number, value: Buffer): number {
  let at = start;
  let from = 0;
  do {
    const length = Math.min(longestPiece, value.length - from);
    bytes[at] = code;
    bytes[at + 1] = length;
    value.copy(bytes, at + 2, from, from + length);
    at += 2 + length;
    from += length;
  } while (from < value.length);
  return at;
}
