/** Addresses of the site's subnet, as pure functions; which are taken stands in the node records alone. */

export interface Subnet {
  readonly cidr: string;
  /** First address, as a number of 32 bits. */
  readonly base: number;
  readonly prefixLength: number;
}

const toNumber = (address: string): number =>
  address.split('.').reduce((sum, octet) => sum * 256 + Number.parseInt(octet, 10), 0);

const toAddress = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');

/** `a.b.c.d/n`, n from 8 to 29; null when it is none. Bits behind the prefix are ignored. */
export function parseSubnet(cidr: string): Subnet | null {
  const match = /^(\d{1,3}(?:\.\d{1,3}){3})\/(\d{1,2})$/.exec(cidr);
  const address = match?.[1];
  const prefixLength = Number.parseInt(match?.[2] ?? '0', 10);
  if (address === undefined || prefixLength < 8 || prefixLength > 29) return null;
  if (address.split('.').some((octet) => Number.parseInt(octet, 10) > 255)) return null;
  const size = 2 ** (32 - prefixLength);
  const base = Math.floor(toNumber(address) / size) * size;
  return { cidr: `${toAddress(base)}/${prefixLength}`, base, prefixLength };
}

const subnetSize = (subnet: Subnet): number => 2 ** (32 - subnet.prefixLength);

/** The host's own address on the bridge: the first of the subnet. */
export const gatewayOf = (subnet: Subnet): string => toAddress(subnet.base + 1);

/** The addresses nodes may have: all but the network's, the gateway's and the broadcast's. */
export const nodeCapacity = (subnet: Subnet): number => subnetSize(subnet) - 3;

/** The n-th node address, from 0. Small subnets start behind the gateway, others leave ten addresses free. */
export function nodeAddress(subnet: Subnet, index: number): string {
  const capacity = nodeCapacity(subnet);
  const skip = capacity > 100 ? 9 : 0;
  return toAddress(subnet.base + 2 + ((index + skip) % capacity));
}

export function inSubnet(subnet: Subnet, address: string): boolean {
  const value = toNumber(address.replace(/^::ffff:/, ''));
  return value >= subnet.base && value < subnet.base + subnetSize(subnet);
}

export const overlaps = (a: Subnet, b: Subnet): boolean =>
  a.base < b.base + subnetSize(b) && b.base < a.base + subnetSize(a);

/**
 * A node's hardware address from its own: a machine that gets a dead one's address then also has its hardware address,
 * and no neighbour has to forget it first (which costs 20 s).
 */
export const macOf = (address: string): string =>
  `02:4d:${address
    .split('.')
    .map((octet) => Number.parseInt(octet, 10).toString(16).padStart(2, '0'))
    .join(':')}`;

/** The lowest free address; null when the subnet is full. The node records hold the taken ones: there is no other book. */
export function freeAddress(subnet: Subnet, taken: ReadonlySet<string>): string | null {
  for (let index = 0; index < nodeCapacity(subnet); index += 1) {
    const address = nodeAddress(subnet, index);
    if (!taken.has(address)) return address;
  }
  return null;
}
