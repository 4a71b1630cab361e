import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { formatIpv4, type Ipv4 } from '../codec/ipv4.ts';
import type { DhcpConfiguration } from '../configuration/schema.ts';

/** One network we serve: what was heard on it, and how to speak on it. */
export interface Endpoint {
  readonly serverAddress: Ipv4;
  readonly toBootServer: boolean;
  readonly unicastOnly: boolean;
  send(bytes: Buffer, port: number, address: string): void;
}

export interface SocketEvents {
  readonly onPacket: (datagram: Buffer, from: RemoteInfo, endpoint: Endpoint) => void;
  readonly onSendError: (error: Error) => void;
  /** A socket that fails cannot be used again. */
  readonly onError: (error: Error) => void;
}

export interface Sockets {
  /** Speaks on each network by broadcast, for the search of other servers. */
  readonly endpoints: readonly Endpoint[];
  close(): Promise<void>;
}

/** The queue in front of us: a few thousand packets, so that after a stall nobody is answered who has given up. */
const receiveBytes = 4 << 20;

/**
 * Three sockets for a listener: one hears broadcasts (0.0.0.0, or handed in and bound to the device), one is bound to
 * its address, hears what is sent there and speaks, so that the kernel chooses interface and source by it; one for 4011.
 */
export async function openSockets(
  { listen, ports }: Pick<DhcpConfiguration, 'listen' | 'ports'>,
  activated: ReadonlyMap<string, number>,
  events: SocketEvents,
): Promise<Sockets> {
  const open: Socket[] = [];
  const endpoints: Endpoint[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(open.map((socket) => new Promise<void>((done) => socket.close(() => done()))));
  };
  const add = async (where: { port: number; address: string } | { fd: number }, hear: (socket: Socket) => void) => {
    const socket = await bind(where, events);
    open.push(socket);
    hear(socket);
    return socket;
  };
  try {
    for (const { address, fdName, unicastOnly } of listen) {
      const own = formatIpv4(address);
      const hear = (speaker: Socket, toBootServer: boolean, unicast: boolean): Endpoint => ({
        serverAddress: address,
        toBootServer,
        unicastOnly: unicast,
        send: (bytes, port, to) =>
          speaker.send(bytes, 0, bytes.length, port, to, (error) => {
            if (error !== null) events.onSendError(error);
          }),
      });
      const listenTo = (socket: Socket, endpoint: Endpoint): void => {
        socket.on('message', (datagram, from) => events.onPacket(datagram, from, endpoint));
      };
      const speaker = await add({ port: ports.server, address: own }, () => undefined);
      const endpoint = hear(speaker, false, unicastOnly);
      listenTo(speaker, endpoint);
      if (!unicastOnly) endpoints.push(endpoint);
      if (fdName !== undefined) {
        const fd = activated.get(fdName);
        if (fd === undefined) throw new Error(`no socket called ${fdName} was handed in (LISTEN_FDNAMES)`);
        await add({ fd }, (socket) => listenTo(socket, endpoint));
      } else if (!unicastOnly) {
        await add({ port: ports.server, address: '0.0.0.0' }, (socket) => listenTo(socket, endpoint));
      }
      await add({ port: ports.proxy, address: own }, (socket) => listenTo(socket, hear(socket, true, unicastOnly)));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { endpoints, close };
}

/** Bound, allowed to broadcast, and with addresses taken as they are: they need no resolver. */
export async function bind(
  where: { readonly port: number; readonly address: string } | { readonly fd: number },
  { onError }: Pick<SocketEvents, 'onError'>,
): Promise<Socket> {
  const socket = createSocket({
    type: 'udp4',
    reuseAddr: true,
    lookup: (hostname, _options, callback) => callback(null, hostname, 4),
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(where, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  socket.on('error', onError);
  socket.setBroadcast(true);
  // The kernel halves or caps it as it is allowed to; more than the default is all that is wanted.
  socket.setRecvBufferSize(receiveBytes);
  return socket;
}
