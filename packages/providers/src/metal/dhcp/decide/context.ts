import type { ClientKey } from '../codec/hardware-address.ts';
import type { Ipv4 } from '../codec/ipv4.ts';
import type { DhcpPacket, OutgoingPacket } from '../codec/packet.ts';
import type { Network } from '../configuration/network.ts';
import type { LeaseChange } from '../leases/lease.ts';
import type { LeaseView } from '../leases/lease-index.ts';

/** A packet and how it came. */
export interface Arrival {
  readonly packet: DhcpPacket;
  readonly sourceAddress: Ipv4;
  readonly sourcePort: number;
  /** Our address on the listener it came to: server identifier, and the client's network when no relay says another. */
  readonly serverAddress: Ipv4;
  /** Whether it came to the port of boot servers, 4011. */
  readonly toBootServer: boolean;
  /** Whether the listener takes only what was sent to its address, so that its network says nothing of the client. */
  readonly unicastOnly: boolean;
}

/** Everything a decision depends on; it changes none of it. */
export interface DecideContext {
  readonly nowMs: number;
  readonly network: Network;
  readonly leases: LeaseView;
  readonly boots: BootHistoryView;
}

/** What a client was lately told to boot. */
export interface BootHistory {
  /** Boot loaders handed out since the client last came as the iPXE they lead to. */
  readonly loaders: number;
  /** Transaction of the last one: an OFFER and its ACK are one. */
  readonly lastXid: number;
}

export interface BootHistoryView {
  of(client: ClientKey): BootHistory | null;
}

export type BootStep = 'loader' | 'script';

/** Why a packet gets no answer; each is a counter. */
export type Silence =
  | 'not-a-request'
  | 'unknown-relay'
  | 'no-subnet'
  | 'other-server'
  | 'not-a-boot-client'
  | 'no-free-address'
  | 'no-address-named'
  | 'not-authoritative'
  | 'not-its-lease'
  | 'released'
  | 'declined'
  | 'unsupported-type'
  | 'unconfigured'
  | 'foreign-address';

export interface Destination {
  readonly address: Ipv4;
  /** `relay` and `client` are the well-known ports; a number is answered as it asked. */
  readonly port: 'relay' | 'client' | number;
}

export interface ReplyDecision {
  readonly kind: 'reply';
  readonly type: 'offer' | 'ack' | 'nak';
  readonly packet: OutgoingPacket;
  readonly longest: number;
  readonly to: Destination;
  /** Made and, for an ACK, on disk before the reply leaves. */
  readonly change: LeaseChange | null;
  /** Remembered when the reply leaves. */
  readonly boot: BootStep | null;
  /** The client keeps getting a loader and never comes back as what it leads to. */
  readonly bootLoop: boolean;
  /** An address that its client has not had before: to be probed where that is wanted. */
  readonly unproven: boolean;
  /** For a NAK, what was wrong. */
  readonly why: string;
}

export interface SilenceDecision {
  readonly kind: 'silence';
  readonly reason: Silence;
  readonly change: LeaseChange | null;
}

export type Decision = ReplyDecision | SilenceDecision;

export const silence = (reason: Silence, change: LeaseChange | null = null): SilenceDecision => ({
  kind: 'silence',
  reason,
  change,
});
