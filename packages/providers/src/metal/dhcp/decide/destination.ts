import { limitedBroadcast } from '../codec/ipv4.ts';
import type { Arrival, Destination } from './context.ts';

/**
 * Where a reply goes (RFC 2131, 4.1): to the relay; a NAK by broadcast; to the address the client has; else by
 * broadcast, because an address that the client does not have yet answers no ARP, and Node writes no ARP entries. A boot
 * server answers to where it was asked from (PXE 2.1, 2.2.3).
 */
export function destinationOf(
  { packet, sourceAddress, sourcePort, toBootServer }: Arrival,
  type: 'offer' | 'ack' | 'nak',
): Destination {
  if (toBootServer) return { address: sourceAddress, port: sourcePort };
  if (packet.giaddr !== 0) return { address: packet.giaddr, port: 'relay' };
  if (type === 'nak' || packet.ciaddr === 0) return { address: limitedBroadcast, port: 'client' };
  return { address: packet.ciaddr, port: 'client' };
}
