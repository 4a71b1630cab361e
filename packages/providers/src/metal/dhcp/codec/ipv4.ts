/**
 * IPv4 addresses as unsigned 32-bit numbers: compared, counted and masked without allocating anything.
 */
export type Ipv4 = number;

export const limitedBroadcast: Ipv4 = 0xffffffff;

/**
 * The address, or null for anything but four decimal numbers without leading zeros. By character, without a regular
 * expression: every packet's source address comes through here.
 */
export function parseIpv4(text: string): Ipv4 | null {
  let address = 0;
  let part = -1;
  let dots = 0;
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 48;
    if (digit === -2) {
      if (part === -1) return null;
      address = address * 256 + part;
      part = -1;
      dots += 1;
    } else if (digit < 0 || digit > 9 || part === 0) return null;
    else {
      part = part === -1 ? digit : part * 10 + digit;
      if (part > 255) return null;
    }
  }
  return dots === 3 && part !== -1 ? address * 256 + part : null;
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
