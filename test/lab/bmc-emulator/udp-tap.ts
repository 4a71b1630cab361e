import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** A wire between one console and one BMC that remembers all that went over it. */
export interface UdpTap {
  readonly port: number;
  /** Packets both ways, in order. */
  readonly packets: readonly { readonly from: 'console' | 'bmc'; readonly bytes: Buffer }[];
  close(): Promise<void>;
}

/** @param onTheWay What becomes of each packet of the BMC. */
export async function openUdpTap(
  bmcPort: number,
  onTheWay: (bytes: Buffer) => Buffer = (bytes) => bytes,
): Promise<UdpTap> {
  const packets: { from: 'console' | 'bmc'; bytes: Buffer }[] = [];
  const front = createSocket('udp4');
  const back = createSocket('udp4');
  let consolePort = 0;
  front.on('message', (bytes, { port }) => {
    consolePort = port;
    packets.push({ from: 'console', bytes });
    back.send(bytes, bmcPort, '127.0.0.1');
  });
  back.on('message', (bytes) => {
    packets.push({ from: 'bmc', bytes });
    front.send(onTheWay(bytes), consolePort, '127.0.0.1');
  });
  for (const socket of [front, back]) {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
  }
  return {
    port: front.address().port,
    packets,
    close: async () => {
      for (const socket of [front, back]) {
        const closed = once(socket, 'close');
        socket.close();
        await closed;
      }
    },
  };
}
