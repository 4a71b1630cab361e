import type { Refusal } from './transfer-report.ts';

export interface AdmissionLimits {
  readonly maxTransfers: number;
  readonly maxTransfersPerAddress: number;
}

/** How many transfers run, in all and by the peer's address. */
export interface Admission {
  /** Takes a place; or why there is none. */
  enter(address: string): Extract<Refusal, 'too-many-in-all' | 'too-many-of-peer'> | null;
  leave(address: string): void;
  active(): number;
}

export function createAdmission({ maxTransfers, maxTransfersPerAddress }: AdmissionLimits): Admission {
  const byAddress = new Map<string, number>();
  let active = 0;
  return {
    enter: (address) => {
      const ofPeer = byAddress.get(address) ?? 0;
      if (active >= maxTransfers) return 'too-many-in-all';
      if (ofPeer >= maxTransfersPerAddress) return 'too-many-of-peer';
      byAddress.set(address, ofPeer + 1);
      active += 1;
      return null;
    },
    leave: (address) => {
      const left = (byAddress.get(address) ?? 1) - 1;
      if (left === 0) byAddress.delete(address);
      else byAddress.set(address, left);
      active -= 1;
    },
    active: () => active,
  };
}
