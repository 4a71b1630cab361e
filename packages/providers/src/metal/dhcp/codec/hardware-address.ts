/**
 * What a client is known by: its hardware address, never its client identifier. Firmware, boot loader and operating
 * system of one machine send different client identifiers (01:MAC, a DUID, none) but one chaddr.
 */
export type ClientKey = string;

const ethernet = 1;
const colons = /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i;

/**
 * Ethernet: the 12 hex digits. Others: hardware type and digits. Without an address (InfiniBand, RFC 4390) the client
 * identifier has to do; null when there is none either.
 */
export function clientKeyOf(htype: number, chaddr: Buffer, clientId: Buffer | undefined): ClientKey | null {
  if (htype === ethernet && chaddr.length === 6) return chaddr.toString('hex');
  if (chaddr.length > 0) return `${htype}-${chaddr.toString('hex')}`;
  return clientId === undefined || clientId.length < 2 ? null : `id-${clientId.toString('hex', 0, 64)}`;
}

/** The key of a MAC as people write it (`52:54:00:77:00:01`); null when it is none. */
export function clientKeyOfMac(mac: string): ClientKey | null {
  return colons.test(mac) ? mac.replaceAll(/[:-]/g, '').toLowerCase() : null;
}

/** For people: colons for Ethernet, anything else as it is. */
export function formatClientKey(key: ClientKey): string {
  return /^[0-9a-f]{12}$/.test(key) ? (key.match(/../g) ?? []).join(':') : key;
}
