import type { AgentInformation } from '../codec/agent-information.ts';
import { isHostAddress, isWithin } from '../codec/ipv4.ts';
import { option } from '../codec/option-codes.ts';
import { messageType } from '../codec/option-codes.ts';
import type { Network, Subnet } from '../configuration/network.ts';
import { subnetAt } from '../configuration/subnet-at.ts';
import type { Arrival } from './context.ts';

/** Whether its relay may ask us; a packet without one is not a relay's. */
export function isKnownRelay({ packet }: Arrival, { relays }: Network): boolean {
  if (packet.giaddr === 0) return true;
  return isHostAddress(packet.giaddr) && (relays.length === 0 || relays.some((cidr) => isWithin(packet.giaddr, cidr)));
}

/**
 * The network the client is on. The first that is said counts, and must be ours: the relay's link selection (RFC 3527),
 * the client's subnet selection (RFC 3011), the relay's own address; else a client with an address that speaks to us
 * directly is on its address's network, and any other on the listener's.
 */
export function chooseSubnet(arrival: Arrival, agent: AgentInformation, network: Network): Subnet | null {
  const { packet } = arrival;
  if (agent.linkSelection !== null) return subnetAt(network, agent.linkSelection);
  const selected = packet.options.get(option.subnetSelection);
  if (selected !== undefined) return subnetAt(network, selected.readUInt32BE(0));
  if (packet.giaddr !== 0) return subnetAt(network, packet.giaddr);
  // A client that was routed here renews or asks with its own source address; a broadcast has the listener's network.
  const routed = packet.ciaddr !== 0 && arrival.sourceAddress === packet.ciaddr;
  const here = arrival.unicastOnly ? null : subnetAt(network, arrival.serverAddress);
  if (!routed) return here;
  const own = subnetAt(network, packet.ciaddr);
  // INFORM and unicast renewals may come from far; without such a subnet it is this network's business to refuse.
  return own ?? (packet.messageType === messageType.inform ? null : here);
}
