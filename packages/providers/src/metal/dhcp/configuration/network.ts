import type { ClientKey } from '../codec/hardware-address.ts';
import type { Cidr, Ipv4 } from '../codec/ipv4.ts';
import type { BootConfiguration, LoaderName } from './schema.ts';

/** The configuration as the decisions read it: looked up, not searched; option values encoded once. */
export interface Network {
  /** Ascending by address; none overlaps with another. */
  readonly subnets: readonly Subnet[];
  /** Addresses we answer from; nobody gets them. */
  readonly ownAddresses: ReadonlySet<Ipv4>;
  readonly relays: readonly Cidr[];
  readonly offerMs: number;
  readonly quarantineMs: number;
  readonly nodes: ReadonlyMap<ClientKey, NodeBoot>;
}

export interface Subnet {
  readonly index: number;
  readonly name: string;
  readonly cidr: Cidr;
  readonly pools: readonly { readonly first: Ipv4; readonly last: Ipv4 }[];
  /** In the pools, but for nobody: routers, our own addresses, reservations. */
  readonly withheld: ReadonlySet<Ipv4>;
  readonly mode: 'serve' | 'proxy';
  readonly authoritative: boolean;
  readonly leaseS: number;
  readonly bootLeaseS: number;
  readonly trustDirectAgent: boolean;
  /** What clients ask for in option 55, by code. */
  readonly options: ReadonlyMap<number, Buffer>;
  readonly reservations: Reservations;
  readonly boot: BootConfiguration;
}

export interface Reservation {
  readonly address: Ipv4;
  readonly mac: ClientKey | null;
  readonly hostname: string | null;
}

export interface Reservations {
  readonly byMac: ReadonlyMap<ClientKey, Reservation>;
  /** By `portKey`. */
  readonly byPort: ReadonlyMap<string, Reservation>;
  readonly byAddress: ReadonlyMap<Ipv4, Reservation>;
}

/** Of hex strings; a reservation without a remote id has ''. */
export const portKey = (circuitId: string, remoteId: string): string => `${circuitId}/${remoteId}`;

/** What is known of a node that may ask. */
export interface NodeBoot {
  readonly hostname: string | null;
  readonly netboot: boolean;
  readonly booting: boolean;
  readonly loader: LoaderName | null;
  readonly script: string | null;
  readonly terminateBootFile: boolean;
}
