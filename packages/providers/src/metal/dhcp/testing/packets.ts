import { clientKeyOfMac } from '../codec/hardware-address.ts';
import { type Ipv4, parseIpv4 } from '../codec/ipv4.ts';
import { messageType, option } from '../codec/option-codes.ts';
import type { DhcpPacket } from '../codec/packet.ts';
import type { Arrival } from '../decide/context.ts';

/** The address a test means. */
export function ip(text: string): Ipv4 {
  const address = parseIpv4(text);
  if (address === null) throw new Error(`no address: ${text}`);
  return address;
}

export type MessageName = keyof typeof messageType;

export type PacketOptions = Readonly<Record<number, Buffer | string>>;

export interface PacketParts {
  readonly mac?: string;
  readonly xid?: number;
  readonly flags?: number;
  readonly ciaddr?: string;
  readonly giaddr?: string;
  readonly options?: PacketOptions;
}

/** A client's packet as the parser would read it. */
export function packetOf(type: MessageName, parts: PacketParts = {}): DhcpPacket {
  const { mac = '52:54:00:77:00:01', xid = 1, flags = 0, ciaddr = '0.0.0.0', giaddr = '0.0.0.0', options = {} } = parts;
  const client = clientKeyOfMac(mac) ?? mac;
  const given = Object.entries(options).map(([code, value]) => [Number(code), Buffer.from(value)] as const);
  return {
    op: 1,
    htype: 1,
    hops: 0,
    xid,
    secs: 0,
    flags,
    ciaddr: ip(ciaddr),
    yiaddr: 0,
    siaddr: 0,
    giaddr: ip(giaddr),
    chaddr: Buffer.from(client, 'hex'),
    client,
    messageType: messageType[type],
    options: new Map([[option.messageType, Buffer.of(messageType[type])], ...given]),
  };
}

/** On the listener 10.77.0.1; from the client's own address when it has one. */
export function arrivalOf(packet: DhcpPacket, more: Partial<Arrival> = {}): Arrival {
  return {
    packet,
    sourceAddress: packet.ciaddr,
    sourcePort: 68,
    serverAddress: ip('10.77.0.1'),
    toBootServer: false,
    unicastOnly: false,
    ...more,
  };
}
