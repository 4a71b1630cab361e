import { type ClientRequest, namesUs } from './client-request.ts';
import { type Decision, silence } from './context.ts';
import { replyTo } from './reply.ts';

/** Beside a foreign server (PXE 2.1, 2.2): an offer without an address, for clients that boot and say what they are. */
export function proxyOffer(request: ClientRequest): Decision {
  return isBootClient(request) ? bootReply(request, 'offer') : silence('not-a-boot-client');
}

/** To the port of DHCP servers; the lease is the other server's business, whose identifier the client names. */
export function proxyAck(request: ClientRequest): Decision {
  if (!isBootClient(request)) return silence('not-a-boot-client');
  return namesUs(request) ? bootReply(request, 'ack') : silence('other-server');
}

/** To port 4011: a client with an address that asks a boot server, whoever gave the address. */
export function decideBootServer(request: ClientRequest): Decision {
  return isBootClient(request) ? bootReply(request, 'ack') : silence('not-a-boot-client');
}

const isBootClient = ({ bootClient }: ClientRequest): boolean =>
  bootClient.program !== 'none' && bootClient.saidArchitecture;

function bootReply(request: ClientRequest, type: 'offer' | 'ack'): Decision {
  const reply = replyTo(request, { type, yiaddr: 0, leaseSeconds: null, change: null, unproven: false, proxy: true });
  return reply.packet.file === '' && !reply.packet.options.some(({ code }) => code === 67)
    ? silence('not-a-boot-client')
    : reply;
}
