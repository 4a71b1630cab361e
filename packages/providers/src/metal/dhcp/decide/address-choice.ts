import type { ClientKey } from '../codec/hardware-address.ts';
import type { Ipv4 } from '../codec/ipv4.ts';
import { isWithin } from '../codec/ipv4.ts';
import type { Reservation, Subnet } from '../configuration/network.ts';
import { isHeld } from '../leases/lease.ts';
import type { LeaseView } from '../leases/lease-index.ts';

/** Who asks, where. */
export interface Asker {
  readonly subnet: Subnet;
  readonly client: ClientKey;
  readonly reservation: Reservation | null;
  readonly nowMs: number;
}

/** Whether somebody else holds the address, or it rests in quarantine. */
export function isTaken(address: Ipv4, { client, nowMs }: Asker, leases: LeaseView): boolean {
  const lease = leases.leaseAt(address);
  if (lease !== null && isHeld(lease, nowMs) && (lease.state === 'quarantined' || lease.client !== client)) return true;
  const offer = leases.offerAt(address);
  return offer !== null && offer.client !== client && offer.untilMs > nowMs;
}

/** Whether the client may have the address by the configuration: its own reservation, or a pool's while it has none. */
export function isAllowed(address: Ipv4, asker: Asker, leases: LeaseView): boolean {
  const { subnet, reservation } = asker;
  if (!isWithin(address, subnet.cidr)) return false;
  if (reservation?.address === address) return true;
  if (!leases.inPool(subnet, address)) return false;
  // Whoever has a reservation gets another address only while somebody sits on it.
  return reservation === null || isTaken(reservation.address, asker, leases);
}

export interface Choice {
  readonly address: Ipv4;
  /** The client has not had it before. */
  readonly unproven: boolean;
  /** Somebody else sits on its reservation: to be asked again soon. */
  readonly makeshift: boolean;
}

/**
 * The address to offer: its reservation, the one it has or last had, the one it was offered, the one it asks for, the
 * one that is free for longest. Null: there is none.
 */
export function chooseAddress(asker: Asker, requested: Ipv4 | null, leases: LeaseView): Choice | null {
  const { subnet, client, reservation } = asker;
  const makeshift = reservation !== null && isTaken(reservation.address, asker, leases);
  const last = leases.leaseOf(subnet, client)?.address ?? null;
  if (reservation !== null && !makeshift) {
    return { address: reservation.address, unproven: last !== reservation.address, makeshift };
  }
  const offered = leases.offerTo(subnet, client)?.address ?? null;
  for (const address of [last, offered, requested]) {
    if (address !== null && isAllowed(address, asker, leases) && !isTaken(address, asker, leases)) {
      return { address, unproven: address === requested && address !== last, makeshift };
    }
  }
  const free = leases.nextFree(subnet);
  return free === null || isTaken(free, asker, leases) ? null : { address: free, unproven: true, makeshift };
}
