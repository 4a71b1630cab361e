import { createAddressSocket } from '../channel.ts';
import { encodeAck, encodeError, encodeRequest, type Options, parsePacket } from '../packet.ts';
import { createReceiver } from './receiver.ts';

export interface GetOptions {
  readonly address: string;
  readonly port: number;
  readonly name: string;
  readonly mode?: string;
  readonly options?: Options;
  /** Silence until it asks again. */
  readonly retryMs?: number;
  /** Asks again at most so often. */
  readonly retries?: number;
  /** Local port; 0: any. */
  readonly localPort?: number;
  /** Decides for each datagram, in or out, whether it gets through. */
  readonly passes?: () => boolean;
  /** Stops with ERROR 8 after the OACK, as firmware does that wants the size only. */
  readonly probeOnly?: boolean;
}

export type Got =
  | { readonly kind: 'file'; readonly bytes: Buffer; readonly options: Options; readonly fromPort: number }
  | { readonly kind: 'probed'; readonly options: Options }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  | { readonly kind: 'silence' };

/** Gets a file as a client does. Never rejects. */
export function tftpGet(wanted: GetOptions): Promise<Got> {
  const { address, port, retryMs = 200, retries = 50, passes = () => true } = wanted;
  const socket = createAddressSocket(address);
  const request = encodeRequest({
    operation: 'read',
    name: wanted.name,
    mode: wanted.mode ?? 'octet',
    options: wanted.options ?? [],
  });
  let server = port;
  let granted: Options = [];
  let receiver = createReceiver(512, 1);
  let lastSent: Buffer = request;
  let left = retries;

  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const send = (packet: Buffer): void => {
      lastSent = packet;
      if (passes()) socket.send(packet, server, address);
    };
    const end = (got: Got): void => {
      clearTimeout(timer);
      socket.close();
      resolve(got);
    };
    const wait = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        left -= 1;
        if (left < 0) {
          end({ kind: 'silence' });
          return;
        }
        send(lastSent);
        wait();
      }, retryMs);
    };
    socket.on('message', (datagram, from) => {
      if (!passes() || (server !== port && from.port !== server)) return;
      const packet = parsePacket(datagram);
      switch (packet.kind) {
        case 'oack': {
          if (receiver.last() > 0) return;
          server = from.port;
          granted = packet.options;
          const value = (option: string, otherwise: number): number =>
            Number(granted.find(([name]) => name.toLowerCase() === option)?.[1] ?? otherwise);
          receiver = createReceiver(value('blksize', 512), value('windowsize', 1));
          if (wanted.probeOnly === true) {
            send(encodeError(8, 'User aborted the transfer'));
            end({ kind: 'probed', options: granted });
            return;
          }
          send(encodeAck(0));
          break;
        }
        case 'data': {
          server = from.port;
          const answer = receiver.take(packet.block, packet.data);
          if (answer !== null) send(encodeAck(answer));
          if (receiver.finished()) {
            end({ kind: 'file', bytes: receiver.bytes(), options: granted, fromPort: server });
            return;
          }
          break;
        }
        case 'error':
          end({ kind: 'error', code: packet.code, message: packet.message });
          return;
        default:
          return;
      }
      wait();
    });
    socket.bind({ port: wanted.localPort ?? 0, address }, () => {
      send(request);
      wait();
    });
  });
}
