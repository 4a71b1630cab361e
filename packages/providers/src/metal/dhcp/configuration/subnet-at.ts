import { type Ipv4, isWithin } from '../codec/ipv4.ts';
import type { Network, Subnet } from './network.ts';

/** The subnet an address is in; there is at most one, found by halving. */
export function subnetAt({ subnets }: Pick<Network, 'subnets'>, address: Ipv4): Subnet | null {
  let low = 0;
  let high = subnets.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((subnets[middle]?.cidr.base ?? 0) <= address) low = middle + 1;
    else high = middle;
  }
  const subnet = subnets[low - 1];
  return subnet !== undefined && isWithin(address, subnet.cidr) ? subnet : null;
}
