import type { Ipv4 } from '../codec/ipv4.ts';
import { formatIpv4, isWithin } from '../codec/ipv4.ts';
import { isAllowed, isTaken } from './address-choice.ts';
import { type ClientRequest, hostnameOf, leaseSecondsOf, namesUs } from './client-request.ts';
import { type Decision, silence } from './context.ts';
import { proxyAck } from './proxy.ts';
import { nakTo, replyTo } from './reply.ts';

/**
 * REQUEST (RFC 2131, 4.3.2):
 *
 *   selecting              54 says who was chosen, 50 the address, ciaddr 0
 *   init-reboot            no 54, 50 the address the client remembers, ciaddr 0
 *   renewing, rebinding    no 54, ciaddr the address it uses
 */
export function decideRequest(request: ClientRequest): Decision {
  const { arrival, namedServer, requested, subnet, asker, context } = request;
  const { ciaddr } = arrival.packet;
  if (subnet.mode === 'proxy') return proxyAck(request);
  if (namedServer !== null && !namesUs(request)) {
    const offer = context.leases.offerTo(subnet, asker.client);
    return silence(
      'other-server',
      offer === null ? null : { kind: 'withdraw', address: offer.address, client: asker.client },
    );
  }
  if (ciaddr !== 0) return decideOwn(request, ciaddr);
  if (requested === null) return silence('no-address-named');
  return namedServer === null ? decideOwn(request, requested) : decideSelecting(request, requested);
}

function decideSelecting(request: ClientRequest, address: Ipv4): Decision {
  const problem = problemWith(request, address);
  return problem === null ? acknowledge(request, address) : nakTo(request, problem);
}

/** The client thinks that the address is its own. */
function decideOwn(request: ClientRequest, address: Ipv4): Decision {
  const { subnet, context, asker } = request;
  const problem = problemWith(request, address);
  const known = context.leases.leaseAt(address);
  // Our own records vouch for it, or the configuration does.
  const vouched = asker.reservation?.address === address || (known !== null && known.client === asker.client);
  if (problem === null && vouched) return acknowledge(request, address);
  if (!subnet.authoritative) return silence('not-authoritative');
  // Without another server nobody else can have given it: the client asks anew at once instead of after a minute.
  return nakTo(request, problem ?? `${formatIpv4(address)} is not leased to this client`);
}

/** Why the client may not have the address. */
function problemWith({ asker, subnet, context }: ClientRequest, address: Ipv4): string | null {
  if (!isWithin(address, subnet.cidr)) return `${formatIpv4(address)} is not of this network`;
  if (isTaken(address, asker, context.leases)) return `${formatIpv4(address)} is not free`;
  if (!isAllowed(address, asker, context.leases)) return `${formatIpv4(address)} is not for this client`;
  return null;
}

function acknowledge(request: ClientRequest, address: Ipv4): Decision {
  const { asker, context } = request;
  const makeshift = asker.reservation !== null && asker.reservation.address !== address;
  const leaseSeconds = leaseSecondsOf(request, makeshift);
  // A shorter lease, or somebody else with its MAC, takes nothing back of what the client was told before.
  const lease = context.leases.leaseAt(address);
  const acknowledged = lease?.state === 'active' && lease.client === asker.client ? lease.untilMs : 0;
  return replyTo(request, {
    type: 'ack',
    yiaddr: address,
    leaseSeconds,
    change: {
      kind: 'grant',
      address,
      client: asker.client,
      untilMs: Math.max(context.nowMs + leaseSeconds * 1000, acknowledged),
      hostname: hostnameOf(request),
    },
    unproven: false,
    proxy: false,
  });
}
