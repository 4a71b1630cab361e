import { randomBytes, randomInt } from 'node:crypto';
import type { RemoteInfo, Socket } from 'node:dgram';
import { encodePacket } from '../codec/encode-packet.ts';
import { formatClientKey } from '../codec/hardware-address.ts';
import { formatIpv4, type Ipv4 } from '../codec/ipv4.ts';
import { messageType, option } from '../codec/option-codes.ts';
import { broadcastFlag } from '../codec/packet.ts';
import { parsePacket } from '../codec/parse-packet.ts';
import { bind, type Endpoint } from './sockets.ts';

/** A DHCP server that nobody announced. */
export interface OtherServer {
  /** Its server identifier, else where its packet came from. */
  readonly address: string;
  /** For whom it answered; our own question carries a MAC of ours. */
  readonly client: string;
  readonly offered: string;
  readonly message: 'offer' | 'ack' | 'nak';
}

export interface OtherServersOptions {
  readonly clientPort: number;
  readonly serverPort: number;
  /** Our own addresses and the servers that may be there. */
  readonly known: ReadonlySet<Ipv4>;
  readonly probeEveryS: number;
  readonly endpoints: readonly Endpoint[];
  readonly onFound: (server: OtherServer) => void;
  readonly onError: (error: Error) => void;
}

export interface OtherServersWatch {
  /** Whether a client's question is one of ours: it is not to be answered. */
  isOurs(xid: number): boolean;
  /** Asks all networks for servers. */
  probe(): void;
  close(): Promise<void>;
}

const names = new Map<number, OtherServer['message']>([
  [messageType.offer, 'offer'],
  [messageType.ack, 'ack'],
  [messageType.nak, 'nak'],
]);
const remembered = 64;

/** Hears on the clients' port what servers broadcast, and asks from time to time: an idle server says nothing. */
export async function watchOtherServers(options: OtherServersOptions): Promise<OtherServersWatch> {
  const asked: number[] = [];
  const socket: Socket = await bind({ port: options.clientPort, address: '0.0.0.0' }, options);
  socket.on('message', (datagram, from) => {
    const found = readOtherServer(datagram, from, options.known);
    if (found !== null) options.onFound(found);
  });
  const probe = (): void => {
    for (const endpoint of options.endpoints) {
      const xid = randomInt(0x1_0000_0000);
      asked.push(xid);
      if (asked.length > remembered) asked.shift();
      endpoint.send(discover(xid), options.serverPort, '255.255.255.255');
    }
  };
  const timer = options.probeEveryS === 0 ? null : setInterval(probe, options.probeEveryS * 1000);
  if (timer !== null) setImmediate(probe);
  return {
    isOurs: (xid) => asked.includes(xid),
    probe,
    close: () => {
      if (timer !== null) clearInterval(timer);
      return new Promise((done) => socket.close(() => done()));
    },
  };
}

/** Who answered, if it is a server that is not known. */
export function readOtherServer(
  datagram: Buffer,
  from: Pick<RemoteInfo, 'address'>,
  known: ReadonlySet<Ipv4>,
): OtherServer | null {
  const parsed = parsePacket(datagram);
  if (!parsed.ok || parsed.packet.op !== 2) return null;
  const { packet } = parsed;
  const message = names.get(packet.messageType);
  if (message === undefined) return null;
  const identifier = packet.options.get(option.serverIdentifier)?.readUInt32BE(0);
  if (identifier !== undefined && known.has(identifier)) return null;
  const address = identifier === undefined ? from.address : formatIpv4(identifier);
  return { address, client: formatClientKey(packet.client), offered: formatIpv4(packet.yiaddr), message };
}

/** A question of a client that does not exist (a locally administered MAC), to be answered by broadcast. */
function discover(xid: number): Buffer {
  const chaddr = Buffer.concat([Buffer.of(0x02), randomBytes(5)]);
  const options = [
    { code: option.messageType, value: Buffer.of(messageType.discover) },
    { code: option.parameterList, value: Buffer.of(option.subnetMask, option.router) },
  ];
  const empty = { ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: 0, sname: '', file: '', secs: 0 };
  return encodePacket({ ...empty, op: 1, htype: 1, xid, flags: broadcastFlag, chaddr, options }, 548).bytes;
}
