import type { ClientKey } from './hardware-address.ts';
import type { Ipv4 } from './ipv4.ts';

/**
 * A DHCPv4 message (RFC 2131, 2):
 *
 *   0 op  1 htype  2 hlen  3 hops  4 xid(4)  8 secs(2)  10 flags(2)  12 ciaddr  16 yiaddr  20 siaddr  24 giaddr
 *   28 chaddr(16)  44 sname(64)  108 file(128)  236 magic 63 82 53 63  240 options ... 255
 */
export const layout = {
  hops: 3,
  xid: 4,
  secs: 8,
  flags: 10,
  ciaddr: 12,
  yiaddr: 16,
  siaddr: 20,
  giaddr: 24,
  chaddr: 28,
  sname: 44,
  file: 108,
  magic: 236,
  options: 240,
} as const;

export const magicCookie = 0x63825363;
export const broadcastFlag = 0x8000;

export interface PacketHeader {
  /** 1 from a client, 2 from a server. */
  readonly op: number;
  readonly htype: number;
  readonly xid: number;
  readonly secs: number;
  readonly flags: number;
  readonly ciaddr: Ipv4;
  readonly yiaddr: Ipv4;
  readonly siaddr: Ipv4;
  readonly giaddr: Ipv4;
  /** As many bytes as hlen said, at most 16. */
  readonly chaddr: Buffer;
}

/** What the parser read. Buffers are views of the datagram. */
export interface DhcpPacket extends PacketHeader {
  readonly hops: number;
  readonly client: ClientKey;
  readonly messageType: number;
  /** By code; what came in several pieces is one (RFC 3396). */
  readonly options: ReadonlyMap<number, Buffer>;
}

export interface DhcpOption {
  readonly code: number;
  /** Any length: the encoder splits what is longer than 255 bytes (RFC 3396). */
  readonly value: Buffer;
}

/** What the encoder writes. */
export interface OutgoingPacket extends PacketHeader {
  readonly sname: string;
  /** Left out of the field when longer than 127 bytes; option 67 has it whole. */
  readonly file: string;
  /** In the order to be sent, the most important first: the last are left out when the packet gets too long. */
  readonly options: readonly DhcpOption[];
}
