import { clientKeyOf } from './hardware-address.ts';
import { option } from './option-codes.ts';
import { type DhcpPacket, layout, magicCookie } from './packet.ts';
import { readOptions } from './parse-options.ts';

/** Why a datagram is no DHCP message; each is a counter. */
export type Malformed =
  | 'too-short'
  | 'too-long'
  | 'bad-operation'
  | 'bad-hardware-address'
  | 'bad-magic'
  | 'truncated-option'
  | 'bad-overload'
  | 'bad-option-length'
  | 'no-message-type'
  | 'no-client';

export type Parsed =
  | { readonly ok: true; readonly packet: DhcpPacket }
  | { readonly ok: false; readonly reason: Malformed };

/** No client sends more; a jumbo frame of rubbish is not walked through. */
const longest = 4096;

/** Lengths without which an option means nothing (RFC 2132, 3004, 4578, 3011). */
const lengths: readonly (readonly [code: number, fits: (length: number) => boolean])[] = [
  [option.requestedAddress, (length) => length === 4],
  [option.leaseTime, (length) => length === 4],
  [option.messageType, (length) => length === 1],
  [option.serverIdentifier, (length) => length === 4],
  [option.maxMessageSize, (length) => length === 2],
  [option.architecture, (length) => length >= 2 && length % 2 === 0],
  [option.subnetSelection, (length) => length === 4],
];

const refuse = (reason: Malformed): Parsed => ({ ok: false, reason });

/** Reads any datagram whatever; never throws, never reads beyond it. */
export function parsePacket(datagram: Buffer): Parsed {
  if (datagram.length < layout.options) return refuse('too-short');
  if (datagram.length > longest) return refuse('too-long');
  const op = datagram.readUInt8(0);
  if (op !== 1 && op !== 2) return refuse('bad-operation');
  const hlen = datagram.readUInt8(2);
  if (hlen > 16) return refuse('bad-hardware-address');
  if (datagram.readUInt32BE(layout.magic) !== magicCookie) return refuse('bad-magic');

  const options = new Map<number, Buffer>();
  const problem = readAllOptions(datagram, options);
  if (problem !== null) return refuse(problem);
  for (const [code, fits] of lengths) {
    const value = options.get(code);
    if (value !== undefined && !fits(value.length)) return refuse('bad-option-length');
  }
  const messageType = options.get(option.messageType)?.[0];
  if (messageType === undefined) return refuse('no-message-type');
  const htype = datagram.readUInt8(1);
  const chaddr = datagram.subarray(layout.chaddr, layout.chaddr + hlen);
  const client = clientKeyOf(htype, chaddr, options.get(option.clientIdentifier));
  if (client === null) return refuse('no-client');
  return {
    ok: true,
    packet: {
      op,
      htype,
      chaddr,
      client,
      messageType,
      options,
      hops: datagram.readUInt8(layout.hops),
      xid: datagram.readUInt32BE(layout.xid),
      secs: datagram.readUInt16BE(layout.secs),
      flags: datagram.readUInt16BE(layout.flags),
      ciaddr: datagram.readUInt32BE(layout.ciaddr),
      yiaddr: datagram.readUInt32BE(layout.yiaddr),
      siaddr: datagram.readUInt32BE(layout.siaddr),
      giaddr: datagram.readUInt32BE(layout.giaddr),
    },
  };
}

/** The options field, then `file`, then `sname` where option 52 says that they hold options (RFC 3396, 5). */
function readAllOptions(datagram: Buffer, options: Map<number, Buffer>): Malformed | null {
  if (!readOptions(datagram, layout.options, datagram.length, options)) return 'truncated-option';
  const overload = options.get(option.overload);
  if (overload === undefined) return null;
  const [fields = 0] = overload;
  if (overload.length !== 1 || fields < 1 || fields > 3) return 'bad-overload';
  if ((fields & 1) !== 0 && !readOptions(datagram, layout.file, layout.magic, options)) return 'truncated-option';
  if ((fields & 2) !== 0 && !readOptions(datagram, layout.sname, layout.file, options)) return 'truncated-option';
  return null;
}
