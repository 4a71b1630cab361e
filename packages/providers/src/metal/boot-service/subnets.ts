import { isWithin, parseCidr, parseIpv4 } from '../dhcp/codec/ipv4.ts';

/** False for what is no address, or no network. */
export function isInCidr(address: string, cidr: string): boolean {
  const [host, network] = [parseIpv4(address), parseCidr(cidr)];
  return host !== null && network !== null && isWithin(host, network);
}
