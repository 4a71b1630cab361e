import type { Socket } from 'node:dgram';
import { bindSocket, type ChannelEvents, createAddressSocket, type OpenChannel } from './channel.ts';
import { encodeError, errorCode, type Malformed, parsePacket, type Request } from './packet.ts';
import { type Peer, peerKey } from './source.ts';

/** Where requests come in: an address and port, or a socket that systemd or a launcher has bound already. */
export type ListenOn = { readonly address: string; readonly port: number } | { readonly fd: number };

interface Deps {
  readonly on: ListenOn;
  /** A well-formed read request. */
  readonly requested: (request: Request, peer: Peer) => void;
  readonly refusedWrite: (request: Request, peer: Peer) => void;
  readonly malformed: (reason: Malformed) => void;
  readonly stray: () => void;
  readonly failed: (error: Error) => void;
}

export interface Listener {
  readonly address: string;
  readonly port: number;
  refuse(peer: Peer, code: number, message: string): void;
  /** Channels over this very socket: for clients behind address translation that only lets answers from here through. */
  readonly sharedChannels: OpenChannel;
  close(): Promise<void>;
}

/** Binds and listens. Rejects when the address cannot be had. */
export async function openListener(deps: Deps): Promise<Listener> {
  const socket = createAddressSocket('address' in deps.on ? deps.on.address : '0.0.0.0');
  const byPeer = new Map<string, ChannelEvents>();
  const refuse = (peer: Peer, code: number, message: string): void =>
    socket.send(encodeError(code, message), peer.port, peer.address);

  socket.on('message', (datagram, { address, port }) => {
    // Port 0 cannot be answered, and is how some scanners ask.
    if (port === 0) return;
    const peer = { address, port };
    const packet = parsePacket(datagram);
    switch (packet.kind) {
      case 'request':
        if (packet.operation === 'read') deps.requested(packet, peer);
        else {
          deps.refusedWrite(packet, peer);
          refuse(peer, errorCode.accessViolation, 'this server is read-only');
        }
        return;
      case 'malformed':
        deps.malformed(packet.reason);
        return;
      default: {
        const events = byPeer.get(peerKey(peer));
        if (events === undefined) deps.stray();
        else events.received(datagram);
      }
    }
  });
  await bindOrClose(socket, deps.on);
  socket.on('error', deps.failed);
  const bound = socket.address();

  return {
    address: bound.address,
    port: bound.port,
    refuse,
    sharedChannels: (peer, events) => {
      const key = peerKey(peer);
      byPeer.set(key, events);
      return Promise.resolve({
        send: (packet) => socket.send(packet, peer.port, peer.address),
        close: () => {
          if (byPeer.get(key) === events) byPeer.delete(key);
        },
      });
    },
    close: () => new Promise((resolve) => socket.close(resolve)),
  };
}

async function bindOrClose(socket: Socket, on: ListenOn): Promise<void> {
  try {
    await bindSocket(socket, on);
  } catch (error) {
    socket.close();
    throw error;
  }
}
