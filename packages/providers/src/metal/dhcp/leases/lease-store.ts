import type { Network } from '../configuration/network.ts';
import { openJournal, replayJournal } from './journal.ts';
import type { Lease, LeaseChange } from './lease.ts';
import type { LeaseDisk } from './lease-disk.ts';
import { createLeaseIndex, type LeaseIndex, type LeaseView } from './lease-index.ts';

export interface LeaseStoreOptions {
  readonly disk: LeaseDisk;
  readonly network: Network;
  readonly gatherMs: number;
  /** Leases known from elsewhere, for a journal that lacks them: of an address the greatest sequence counts. */
  readonly copied?: readonly Lease[];
  /** What survives a power cut from now on, in order; may be called often and must return at once. */
  readonly onCommitted: (batch: readonly Lease[]) => void;
  readonly onFailure: (error: unknown) => void;
}

/** The leases: answered from memory, true on disk before anybody hears of them. */
export interface LeaseStore {
  readonly view: LeaseView;
  expire(nowMs: number): void;
  /** Makes the change in memory at once; `whenDurable` runs when it is on disk, at once if it needs no disk. */
  apply(change: LeaseChange, nowMs: number, whenDurable: () => void): void;
  /** The durable states after a sequence, in order: what a replica that knows up to there lacks. */
  since(sequence: number): readonly Lease[];
  /** Another configuration, the same leases. */
  reconfigure(network: Network): void;
  /** A new journal of nothing but what is known; happens by itself when the old one has grown. */
  compact(): Promise<void>;
  pending(): number;
  failed(): boolean;
  free(subnetIndex: number): number;
  readonly replayed: { readonly leases: number; readonly damagedBytes: number; readonly tornBytes: number };
  close(): Promise<void>;
}

export async function openLeaseStore(options: LeaseStoreOptions): Promise<LeaseStore> {
  const replay = await replayJournal(options.disk);
  let network = options.network;
  const known = [...replay.leases, ...(options.copied ?? [])];
  let index = restored(network, known);
  let sequence = known.reduce((most, lease) => Math.max(most, lease.sequence), 0);
  const nextSequence = (): number => (sequence += 1);
  const journal = await openJournal({ ...options, leases: () => index.leases() });
  const view: LeaseView = {
    leaseAt: (address) => index.leaseAt(address),
    offerAt: (address) => index.offerAt(address),
    leaseOf: (subnet, client) => index.leaseOf(subnet, client),
    offerTo: (subnet, client) => index.offerTo(subnet, client),
    nextFree: (subnet) => index.nextFree(subnet),
    inPool: (subnet, address) => index.inPool(subnet, address),
  };
  return {
    view,
    expire: (nowMs) => index.expire(nowMs),
    apply: (change, nowMs, whenDurable) => {
      const changed = index.apply(change, nowMs, nextSequence);
      if (changed.length === 0) whenDurable();
      else journal.append(changed, whenDurable);
    },
    since: (known) =>
      [...index.leases()].filter((lease) => lease.sequence > known).sort((a, b) => a.sequence - b.sequence),
    reconfigure: (next) => {
      network = next;
      index = restored(network, index.leases());
    },
    compact: () => journal.compact(),
    pending: () => journal.pending(),
    failed: () => journal.failed(),
    free: (subnetIndex) => {
      const subnet = network.subnets[subnetIndex];
      return subnet === undefined ? 0 : index.freeCount(subnet);
    },
    replayed: { ...replay, leases: replay.leases.length },
    close: () => journal.close(),
  };
}

function restored(network: Network, leases: Iterable<Lease>): LeaseIndex {
  const index = createLeaseIndex(network);
  for (const lease of leases) index.restore(lease);
  return index;
}
