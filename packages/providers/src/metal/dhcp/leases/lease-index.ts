import type { ClientKey } from '../codec/hardware-address.ts';
import type { Ipv4 } from '../codec/ipv4.ts';
import type { Network, Subnet } from '../configuration/network.ts';
import { subnetAt } from '../configuration/subnet-at.ts';
import { createExpiryWheel } from './expiry-wheel.ts';
import { createFreeList, type FreeList } from './free-list.ts';
import { isHeld, type Lease, type LeaseChange, type LeaseState, type Offer } from './lease.ts';

/** What decisions read. Every answer takes the same time, however many leases there are. */
export interface LeaseView {
  leaseAt(address: Ipv4): Lease | null;
  offerAt(address: Ipv4): Offer | null;
  /**
   * The last lease the client had in the subnet, ended or not, while nobody else got the address. What it had before
   * that one ends by itself: nothing that was acknowledged is taken back.
   */
  leaseOf(subnet: Subnet, client: ClientKey): Lease | null;
  offerTo(subnet: Subnet, client: ClientKey): Offer | null;
  nextFree(subnet: Subnet): Ipv4 | null;
  /** Whether the address is in a pool of the subnet and for everybody. */
  inPool(subnet: Subnet, address: Ipv4): boolean;
}

export interface LeaseIndex extends LeaseView {
  /** Ends what is over. To be called before a decision at `nowMs`. */
  expire(nowMs: number): void;
  /** Makes the change and answers the leases whose durable state it changed, their sequences given by `nextSequence`. */
  apply(change: LeaseChange, nowMs: number, nextSequence: () => number): readonly Lease[];
  /** A lease from the journal. */
  restore(lease: Lease): void;
  /** All durable states. */
  leases(): Iterable<Lease>;
  freeCount(subnet: Subnet): number;
}

interface Entry {
  readonly address: Ipv4;
  readonly place: Place | null;
  lease: Lease | null;
  offer: Offer | null;
  /** Second of the expiry wheel it waits in; 0: none. */
  scheduled: number;
}

/** One subnet's part of the index. */
interface Place {
  readonly free: FreeList;
  readonly byClient: Map<ClientKey, Entry>;
  readonly offers: Map<ClientKey, Entry>;
}

const nothing: readonly Lease[] = [];

export function createLeaseIndex(network: Network): LeaseIndex {
  const places: readonly Place[] = network.subnets.map((subnet) => ({
    free: createFreeList(subnet),
    byClient: new Map(),
    offers: new Map(),
  }));
  /** By the address as a signed number, which the engine keeps without allocating. */
  const entries = new Map<number, Entry>();
  const wheel = createExpiryWheel<Entry>();

  const find = (address: Ipv4): Entry | null => entries.get(address | 0) ?? null;
  const entryAt = (address: Ipv4): Entry => {
    const found = entries.get(address | 0);
    if (found !== undefined) return found;
    const subnet = subnetAt(network, address);
    const place = subnet === null ? null : (places[subnet.index] ?? null);
    const entry: Entry = { address, place, lease: null, offer: null, scheduled: 0 };
    entries.set(address | 0, entry);
    return entry;
  };
  const hold = (entry: Entry, untilMs: number): void => {
    entry.place?.free.take(entry.address);
    entry.scheduled = wheel.schedule(entry, untilMs, entry.scheduled);
  };
  const freeUnlessHeld = (entry: Entry, nowMs: number): void => {
    if (entry.offer === null && !isHeld(entry.lease, nowMs)) entry.place?.free.give(entry.address);
  };
  const dropOffer = (entry: Entry): void => {
    if (entry.offer === null) return;
    if (entry.place?.offers.get(entry.offer.client) === entry) entry.place.offers.delete(entry.offer.client);
    entry.offer = null;
  };
  const setLease = (entry: Entry, lease: Lease): void => {
    const before = entry.lease;
    if (before !== null && entry.place?.byClient.get(before.client) === entry)
      entry.place.byClient.delete(before.client);
    entry.lease = lease;
    const known = entry.place?.byClient.get(lease.client)?.lease ?? null;
    if (lease.state !== 'quarantined' && (known === null || isNewer(lease, known))) {
      entry.place?.byClient.set(lease.client, entry);
    }
    if (lease.state !== 'released') hold(entry, lease.untilMs);
  };
  const change = (
    entry: Entry,
    state: LeaseState,
    client: ClientKey,
    untilMs: number,
    hostname: string,
    sequence: number,
  ) => {
    const lease: Lease = { address: entry.address, client, state, untilMs, hostname, sequence };
    setLease(entry, lease);
    if (state === 'released') freeUnlessHeld(entry, 0);
    return lease;
  };

  const grant = (
    { address, client, untilMs, hostname }: LeaseChange & { kind: 'grant' },
    nowMs: number,
    nextSequence: () => number,
  ): readonly Lease[] => {
    const entry = entryAt(address);
    const promised = entry.place?.offers.get(client);
    if (promised !== undefined) {
      dropOffer(promised);
      if (promised !== entry) freeUnlessHeld(promised, nowMs);
    }
    dropOffer(entry);
    return [change(entry, 'active', client, untilMs, hostname, nextSequence())];
  };
  const offer = ({ address, client, untilMs }: Offer, nowMs: number): void => {
    const entry = entryAt(address);
    const promised = entry.place?.offers.get(client);
    if (promised !== undefined && promised !== entry) {
      dropOffer(promised);
      freeUnlessHeld(promised, nowMs);
    }
    dropOffer(entry);
    entry.offer = { address, client, untilMs };
    entry.place?.offers.set(client, entry);
    hold(entry, untilMs);
  };

  return {
    leaseAt: (address) => find(address)?.lease ?? null,
    offerAt: (address) => find(address)?.offer ?? null,
    leaseOf: (subnet, client) => places[subnet.index]?.byClient.get(client)?.lease ?? null,
    offerTo: (subnet, client) => places[subnet.index]?.offers.get(client)?.offer ?? null,
    nextFree: (subnet) => places[subnet.index]?.free.first() ?? null,
    inPool: (subnet, address) => places[subnet.index]?.free.owns(address) ?? false,
    freeCount: (subnet) => places[subnet.index]?.free.count() ?? 0,
    expire: (nowMs) =>
      wheel.advance(nowMs, (entry, second) => {
        if (entry.scheduled !== second) return;
        entry.scheduled = 0;
        if (entry.offer !== null && entry.offer.untilMs <= nowMs) dropOffer(entry);
        const until = entry.offer?.untilMs ?? (isHeld(entry.lease, nowMs) ? entry.lease?.untilMs : undefined);
        if (until === undefined) entry.place?.free.give(entry.address);
        else entry.scheduled = wheel.schedule(entry, until, 0);
      }),
    apply: (made, nowMs, nextSequence) => {
      switch (made.kind) {
        case 'offer':
          offer(made, nowMs);
          return nothing;
        case 'grant':
          return grant(made, nowMs, nextSequence);
        case 'withdraw': {
          const entry = find(made.address);
          if (entry?.offer?.client !== made.client) return nothing;
          dropOffer(entry);
          freeUnlessHeld(entry, nowMs);
          return nothing;
        }
        case 'release': {
          const entry = find(made.address);
          if (entry?.lease?.client !== made.client || entry.lease.state !== 'active') return nothing;
          return [change(entry, 'released', made.client, entry.lease.untilMs, entry.lease.hostname, nextSequence())];
        }
        case 'quarantine': {
          const entry = entryAt(made.address);
          dropOffer(entry);
          return [change(entry, 'quarantined', made.client, made.untilMs, '', nextSequence())];
        }
      }
    },
    restore: (lease) => {
      const entry = entryAt(lease.address);
      if (entry.lease === null || entry.lease.sequence < lease.sequence) {
        setLease(entry, lease);
        if (lease.state === 'released') freeUnlessHeld(entry, 0);
      }
    },
    *leases() {
      for (const { lease } of entries.values()) if (lease !== null) yield lease;
    },
  };
}

/** Which of two leases of one client is the one to go on with. */
function isNewer(lease: Lease, than: Lease): boolean {
  const active = Number(lease.state === 'active') - Number(than.state === 'active');
  return active === 0 ? lease.sequence > than.sequence : active > 0;
}
