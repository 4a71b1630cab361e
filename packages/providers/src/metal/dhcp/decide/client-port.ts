import type { AgentInformation } from '../codec/agent-information.ts';
import type { DhcpPacket } from '../codec/packet.ts';
import { portKey, type Reservation, type Subnet } from '../configuration/network.ts';

/** The reservation that is the client's: of the switch port it is behind, else of its MAC. */
export function reservationOf(subnet: Subnet, packet: DhcpPacket, agent: AgentInformation): Reservation | null {
  const { byPort, byMac } = subnet.reservations;
  // Without a relay anybody could have written option 82.
  if (agent.circuitId !== null && (packet.giaddr !== 0 || subnet.trustDirectAgent)) {
    const exact = byPort.get(portKey(agent.circuitId, agent.remoteId ?? ''));
    const reservation = exact ?? byPort.get(portKey(agent.circuitId, ''));
    if (reservation !== undefined) return reservation;
  }
  return byMac.get(packet.client) ?? null;
}
