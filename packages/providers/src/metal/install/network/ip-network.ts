/** Addresses and networks of both families as numbers, to be compared. */
import { isIP } from 'node:net';

export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface IpNetwork extends IpAddress {
  readonly prefixLength: number;
}

const bitsOf = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/** The address, or null; no zone (`fe80::1%eth0`) and no leading zeros. */
export function parseIp(text: string): IpAddress | null {
  const family = isIP(text);
  if (family === 4) return { family, value: ipv4(text) };
  if (family !== 6 || text.includes('%')) return null;
  const [head = '', tail] = text.split('::');
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - before.length - after.length }, () => 0n);
  const value = [...before, ...zeros, ...after].reduce((sum, group) => (sum << 16n) | group, 0n);
  return { family, value };
}

/** `10.0.0.1/24`: the bits below the prefix are kept. */
export function parseIpNetwork(text: string): IpNetwork | null {
  const [address = '', prefix = '', ...more] = text.split('/');
  const parsed = parseIp(address);
  if (parsed === null || more.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(prefix)) return null;
  const prefixLength = Number(prefix);
  return prefixLength <= bitsOf(parsed.family) ? { ...parsed, prefixLength } : null;
}

export const hostBits = ({ family, value, prefixLength }: IpNetwork): bigint =>
  value & ((1n << BigInt(bitsOf(family) - prefixLength)) - 1n);

export function isWithin(address: IpAddress, network: IpNetwork): boolean {
  const below = BigInt(bitsOf(network.family) - network.prefixLength);
  return address.family === network.family && address.value >> below === network.value >> below;
}

/** Why no interface may have it, or null. */
export function whyNoHost(network: IpNetwork): string | null {
  const { family, value, prefixLength } = network;
  const top = Number(value >> BigInt(bitsOf(family) - 8));
  if (value === 0n) return 'is the unspecified address';
  if (family === 4 ? top === 127 : value === 1n) return 'is the loopback address';
  if (family === 4 ? top >= 224 : top === 0xff) return family === 4 && top >= 240 ? 'is reserved' : 'is for multicast';
  if (family === 4 && top === 0) return 'is in 0.0.0.0/8';
  if (prefixLength >= bitsOf(family) - 1) return null;
  const host = hostBits(network);
  if (host === 0n) return family === 4 ? 'is its network, not a host of it' : "is its network's anycast address";
  const all = (1n << BigInt(bitsOf(family) - prefixLength)) - 1n;
  return family === 4 && host === all ? "is its network's broadcast address" : null;
}

const ipv4 = (text: string): bigint => text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);

/** Groups of 16 bits; the last may be written as IPv4. */
const groups = (text: string): bigint[] =>
  text === ''
    ? []
    : text.split(':').flatMap((group) => {
        if (!group.includes('.')) return [BigInt(`0x${group}`)];
        const value = ipv4(group);
        return [value >> 16n, value & 0xffffn];
      });
