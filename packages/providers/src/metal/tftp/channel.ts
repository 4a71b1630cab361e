import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { encodeError, errorCode, parsePacket } from './packet.ts';
import type { Peer } from './source.ts';

/** The way to one peer. */
export interface Channel {
  /** Never throws: what cannot be sent is lost, as it may be on any network. */
  send(packet: Uint8Array): void;
  close(): void;
}

export interface ChannelEvents {
  readonly received: (datagram: Uint8Array) => void;
  readonly failed: (error: Error) => void;
}

export type OpenChannel = (peer: Peer, events: ChannelEvents) => Promise<Channel>;

/** A datagram socket for addresses as they come from datagrams: there is nothing to resolve, and nothing to wait for. */
export function createAddressSocket(address: string, reuseAddr = false): Socket {
  const family = isIPv6(address) ? 6 : 4;
  return createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    reuseAddr,
    lookup: (name, _options, callback) => callback(null, name, family),
  });
}

interface OwnSocketDeps {
  /** Local address; packets leave from it. */
  readonly address: string;
  /** Ports to choose from, both ends included; null: whichever the system gives. */
  readonly ports: readonly [first: number, last: number] | null;
  readonly stray: () => void;
}

/** A socket a transfer (RFC 1350 section 4: its port is the transfer's identifier). */
export function ownSockets({ address, ports, stray }: OwnSocketDeps): OpenChannel {
  let nextPort = ports === null ? 0 : ports[0];
  const takePort = (): number => {
    const port = nextPort;
    if (ports !== null) nextPort = port >= ports[1] ? ports[0] : port + 1;
    return port;
  };
  const tries = ports === null ? 1 : Math.min(64, ports[1] - ports[0] + 1);

  const answerStray = (socket: Socket) => (datagram: Buffer, from: Peer) => {
    stray();
    const { kind } = parsePacket(datagram);
    // Errors are never answered, or two servers could go on for ever.
    if (kind === 'malformed' || kind === 'error') return;
    socket.send(encodeError(errorCode.unknownTransfer, 'this transfer is not yours'), from.port, from.address);
  };

  return async (peer, events) => {
    const { others, own } = await bindPair(address, tries, takePort);
    others.on('message', answerStray(others));
    others.on('error', () => undefined);
    own.on('message', (datagram, from) => {
      // What came before it was connected may be anybody's.
      if (from.port === peer.port && from.address === peer.address) events.received(datagram);
    });
    own.on('error', events.failed);
    await new Promise<void>((resolve) => own.connect(peer.port, peer.address, resolve));
    return {
      send: (packet) => own.send(packet),
      close: () => {
        own.close();
        others.close();
      },
    };
  };
}

/**
 * Two sockets on one port: `own` is to be connected to the peer, which spares every packet a look-up of the route, and the
 * kernel gives it that peer's packets alone; those of everybody else go to `others`.
 */
async function bindPair(address: string, tries: number, takePort: () => number) {
  for (let left = tries; ; left -= 1) {
    const others = createAddressSocket(address, true);
    const own = createAddressSocket(address, true);
    try {
      await bindSocket(others, { address, port: takePort() });
      await bindSocket(own, { address, port: others.address().port });
      return { others, own };
    } catch (error) {
      others.close();
      own.close();
      if (left <= 1) throw error;
    }
  }
}

/** Binds to an address and port, or takes over a socket that was bound already. */
export const bindSocket = (
  socket: Socket,
  to: { readonly address: string; readonly port: number } | { readonly fd: number },
): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(to, () => {
      socket.off('error', reject);
      resolve();
    });
  });
