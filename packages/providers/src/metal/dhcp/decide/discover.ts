import { chooseAddress } from './address-choice.ts';
import { type ClientRequest, leaseSecondsOf } from './client-request.ts';
import { type Decision, silence } from './context.ts';
import { proxyOffer } from './proxy.ts';
import { replyTo } from './reply.ts';

/** DISCOVER (RFC 2131, 4.3.1): an offer that is kept for the client for a while, or nothing to offer. */
export function decideDiscover(request: ClientRequest): Decision {
  const { asker, bootClient, context, node, requested, subnet } = request;
  if (subnet.mode === 'proxy') return proxyOffer(request);
  const choice = chooseAddress(asker, requested, context.leases);
  if (choice === null) return silence('no-free-address');
  const { address, unproven, makeshift } = choice;
  // Firmware of a machine that we know waits for no probe.
  const knownFirmware = bootClient.program !== 'none' && (node !== null || asker.reservation !== null);
  return replyTo(request, {
    type: 'offer',
    yiaddr: address,
    leaseSeconds: leaseSecondsOf(request, makeshift),
    change: { kind: 'offer', address, client: asker.client, untilMs: context.nowMs + context.network.offerMs },
    unproven: unproven && !knownFirmware,
    proxy: false,
  });
}
