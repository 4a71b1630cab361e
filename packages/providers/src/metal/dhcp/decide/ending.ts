import { isHeld } from '../leases/lease.ts';
import { type ClientRequest, namesUs } from './client-request.ts';
import { type Decision, silence } from './context.ts';
import { replyTo } from './reply.ts';

/** DECLINE (RFC 2131, 4.3.3): the client found somebody else on the address it was given. It rests for a while. */
export function decideDecline(request: ClientRequest): Decision {
  const { asker, context, requested } = request;
  if (!namesUs(request)) return silence('other-server');
  if (requested === null) return silence('no-address-named');
  // Only its own: else one client could put all addresses out of use.
  const lease = context.leases.leaseAt(requested);
  const offer = context.leases.offerAt(requested);
  const leased = lease?.state === 'active' && isHeld(lease, asker.nowMs) && lease.client === asker.client;
  if (!leased && offer?.client !== asker.client) return silence('not-its-lease');
  const untilMs = context.nowMs + context.network.quarantineMs;
  return silence('declined', { kind: 'quarantine', address: requested, client: asker.client, untilMs });
}

/** RELEASE (RFC 2131, 4.3.4): no answer; the address is remembered for the client. */
export function decideRelease(request: ClientRequest): Decision {
  const { asker, context, arrival } = request;
  const address = arrival.packet.ciaddr;
  if (!namesUs(request)) return silence('other-server');
  const lease = context.leases.leaseAt(address);
  if (lease?.client !== asker.client || lease.state !== 'active') return silence('not-its-lease');
  return silence('released', { kind: 'release', address, client: asker.client });
}

/** INFORM (RFC 2131, 4.3.5): the configuration without a lease, for a client that has its address from elsewhere. */
export function decideInform(request: ClientRequest): Decision {
  const { arrival, subnet } = request;
  if (arrival.packet.ciaddr === 0) return silence('no-address-named');
  if (subnet.mode === 'proxy') return silence('not-a-boot-client');
  return replyTo(request, { type: 'ack', yiaddr: 0, leaseSeconds: null, change: null, unproven: false, proxy: false });
}
