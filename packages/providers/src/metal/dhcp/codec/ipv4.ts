/**
 * IPv4 addresses as unsigned 32-bit numbers: compared, counted and masked without allocating anything.
 */
export type Ipv4 = number;

export const limitedBroadcast: Ipv4 = 0xffffffff;

const dotted = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

/** The address, or null for anything but four decimal numbers without leading zeros. */
export function parseIpv4(text: string): Ipv4 | null {
  const parts = dotted.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return null;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

export const formatIpv4 = (address: Ipv4): string =>
  `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;

export const maskOf = (prefixLength: number): Ipv4 =>
  prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0;

export interface Cidr {
  readonly base: Ipv4;
  readonly prefixLength: number;
}

/** `10.0.0.0/8`; null when it is none. Bits below the prefix are kept, for the caller to refuse. */
export function parseCidr(text: string): Cidr | null {
  const [address = '', prefix = '', ...more] = text.split('/');
  const base = parseIpv4(address);
  if (base === null || more.length > 0 || !/^\d{1,2}$/.test(prefix) || Number(prefix) > 32) return null;
  return { base, prefixLength: Number(prefix) };
}

export const isWithin = (address: Ipv4, { base, prefixLength }: Cidr): boolean => {
  const mask = maskOf(prefixLength);
  return (address & mask) >>> 0 === (base & mask) >>> 0;
};

/** Whether a host may have it: not 0/8, not loopback, not multicast, not reserved, not broadcast. */
export function isHostAddress(address: Ipv4): boolean {
  const first = address >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}
