import type { ClientKey } from '../codec/hardware-address.ts';
import type { Ipv4 } from '../codec/ipv4.ts';

/**
 * active: acknowledged to its client until `untilMs`. released: given back, kept to give it to the same client again.
 * quarantined: its client, or a probe, found somebody else on it. Both other states end at `untilMs` by themselves.
 */
export type LeaseState = 'active' | 'released' | 'quarantined';

/** The durable state of one address; the one with the greatest sequence counts. */
export interface Lease {
  readonly address: Ipv4;
  readonly client: ClientKey;
  readonly state: LeaseState;
  /** Milliseconds since the epoch. */
  readonly untilMs: number;
  /** What the client calls itself, '' when it said nothing. */
  readonly hostname: string;
  /** Ascends by one with every change of any lease, over restarts. */
  readonly sequence: number;
}

/** An address promised to a client for some seconds; forgotten by a crash, which harms nobody. */
export interface Offer {
  readonly address: Ipv4;
  readonly client: ClientKey;
  readonly untilMs: number;
}

/** What a decision does to the leases. */
export type LeaseChange =
  | { readonly kind: 'offer'; readonly address: Ipv4; readonly client: ClientKey; readonly untilMs: number }
  | {
      readonly kind: 'grant';
      readonly address: Ipv4;
      readonly client: ClientKey;
      readonly untilMs: number;
      readonly hostname: string;
    }
  | { readonly kind: 'withdraw'; readonly address: Ipv4; readonly client: ClientKey }
  | { readonly kind: 'release'; readonly address: Ipv4; readonly client: ClientKey }
  | { readonly kind: 'quarantine'; readonly address: Ipv4; readonly client: ClientKey; readonly untilMs: number };

/** Whether nobody else may have the address now. */
export const isHeld = (lease: Lease | null, nowMs: number): boolean =>
  lease !== null && lease.state !== 'released' && lease.untilMs > nowMs;
