/** How many unknown machines a subnet may bring in, and how fast: whoever owns a switch port can make up MACs. */
import type { MachineIdentity } from './machine.ts';

/** A machine that was seen booting. */
export interface Sighting {
  readonly siteId: string;
  /** Name of the site's subnet. */
  readonly subnet: string;
  /** MAC of the NIC that it booted from; also in `identity.macs`. */
  readonly mac: string;
  readonly identity: MachineIdentity;
}

export interface SightingLimits {
  /** Machines of the subnet that wait for approval, at most. */
  readonly mostUnknown: number;
  /** Of those, that came in within `windowMs`. */
  readonly mostPerWindow: number;
  readonly windowMs: number;
}

export const defaultSightingLimits: SightingLimits = { mostUnknown: 256, mostPerWindow: 64, windowMs: 60_000 };

/** What the store counted of the subnet: machines in `discovered`. */
export interface SightingCounts {
  readonly unknown: number;
  readonly inWindow: number;
}

/** Null: it may come in. */
export function refuseSighting(
  counts: SightingCounts,
  limits: SightingLimits,
): { readonly code: string; readonly reason: string; readonly seconds: number } | null {
  if (counts.unknown >= limits.mostUnknown) {
    return {
      code: 'too-many-unknown',
      reason: `${counts.unknown} unknown machines of this subnet wait for approval already`,
      seconds: 300,
    };
  }
  if (counts.inWindow >= limits.mostPerWindow) {
    return {
      code: 'unknown-too-fast',
      reason: 'too many unknown machines at once; this one is taken in a little later',
      seconds: Math.max(1, Math.ceil(limits.windowMs / 1000)),
    };
  }
  return null;
}
