import { type AgentInformation, readAgentInformation } from '../codec/agent-information.ts';
import type { Ipv4 } from '../codec/ipv4.ts';
import { option } from '../codec/option-codes.ts';
import { readHostname } from '../codec/option-values.ts';
import type { NodeBoot, Subnet } from '../configuration/network.ts';
import type { Asker } from './address-choice.ts';
import { type BootClient, readBootClient } from './boot-client.ts';
import { reservationOf } from './client-port.ts';
import type { Arrival, DecideContext } from './context.ts';
import { chooseSubnet } from './subnet-choice.ts';

/** A client's packet with everything that was looked up for it once. */
export interface ClientRequest {
  readonly arrival: Arrival;
  readonly context: DecideContext;
  readonly agent: AgentInformation;
  readonly subnet: Subnet;
  readonly asker: Asker;
  readonly node: NodeBoot | null;
  readonly bootClient: BootClient;
  /** What we call ourselves towards this client: our address, or the one its relay wants it to see (RFC 5107). */
  readonly serverIdentifier: Ipv4;
  /** Option 50. */
  readonly requested: Ipv4 | null;
  /** Option 54. */
  readonly namedServer: Ipv4 | null;
}

/** Null: the client is on none of our subnets. */
export function readRequest(arrival: Arrival, context: DecideContext): ClientRequest | null {
  const { packet } = arrival;
  const agent = readAgentInformation(packet.options.get(option.agentInformation));
  const subnet = chooseSubnet(arrival, agent, context.network);
  if (subnet === null) return null;
  return {
    arrival,
    context,
    agent,
    subnet,
    asker: { subnet, client: packet.client, reservation: reservationOf(subnet, packet, agent), nowMs: context.nowMs },
    node: context.network.nodes.get(packet.client) ?? null,
    bootClient: readBootClient(packet, subnet.boot.ownUserClass),
    serverIdentifier: (packet.giaddr === 0 ? null : agent.serverOverride) ?? arrival.serverAddress,
    requested: packet.options.get(option.requestedAddress)?.readUInt32BE(0) ?? null,
    namedServer: packet.options.get(option.serverIdentifier)?.readUInt32BE(0) ?? null,
  };
}

/** Whether the client speaks to us and no other server. */
export const namesUs = ({ namedServer, serverIdentifier, context }: ClientRequest): boolean =>
  namedServer !== null && (namedServer === serverIdentifier || context.network.ownAddresses.has(namedServer));

/** Our name for the client, else its own. */
export const hostnameOf = ({ asker, node, arrival }: ClientRequest): string =>
  asker.reservation?.hostname ?? node?.hostname ?? readHostname(arrival.packet.options.get(option.hostname));

const leastLeaseS = 60;

/** Seconds: short for what boots or shall soon ask again, else the subnet's; never more than the client wants. */
export function leaseSecondsOf({ bootClient, node, subnet, arrival }: ClientRequest, makeshift: boolean): number {
  const short = bootClient.program !== 'none' || node?.booting === true || makeshift;
  const most = short ? Math.min(subnet.bootLeaseS, subnet.leaseS) : subnet.leaseS;
  const wanted = arrival.packet.options.get(option.leaseTime)?.readUInt32BE(0) ?? most;
  return Math.min(most, Math.max(wanted, leastLeaseS));
}
