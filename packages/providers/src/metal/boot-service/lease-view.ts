/** The leases of this site's DHCP server, as its process tells them: whose address is it now? */
export interface LeaseState {
  readonly address: string;
  readonly client: string;
  readonly state: 'active' | 'released' | 'quarantined';
  readonly untilMs: number;
  readonly sequence: number;
}

export interface LeaseView {
  committed(batch: readonly LeaseState[]): void;
  clientOf(address: string): string | null;
  size(): number;
}

export function createLeaseView(nowMs: () => number): LeaseView {
  const leases = new Map<string, LeaseState>();
  return {
    committed: (batch) => {
      for (const lease of batch) {
        if ((leases.get(lease.address)?.sequence ?? -1) < lease.sequence) leases.set(lease.address, lease);
      }
    },
    clientOf: (address) => {
      const lease = leases.get(address);
      return lease?.state === 'active' && lease.untilMs > nowMs() ? lease.client : null;
    },
    size: () => leases.size,
  };
}
