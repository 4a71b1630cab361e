/** The socket to one BMC: connected, so that the kernel drops what others send to it. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { lookup } from 'node:dns/promises';
import { bmcError, bmcFailures } from '../bmc-failures.ts';
import { reasonOf } from '../../../pause.ts';

export interface UdpLink {
  send(packet: Buffer): void;
  /** The next packet, or null when none came within `timeoutMs`. Throws `unavailable` when the port is closed. */
  next(timeoutMs: number, signal: AbortSignal): Promise<Buffer | null>;
  close(): void;
}

/** More than this many unread packets are a flood; the rest is dropped. */
const mostUnread = 64;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'socket-error';

export async function openUdpLink(host: string, port: number, signal: AbortSignal): Promise<UdpLink> {
  const found = await orAborted(lookup(host), signal).catch((error: unknown) => {
    throw signal.aborted ? reasonOf(signal) : bmcError(bmcFailures.unreachable(codeOf(error)), error);
  });
  const socket = createSocket(found.family === 6 ? 'udp6' : 'udp4');
  const unread: Buffer[] = [];
  let failed: string | null = null;
  let wake: () => void = () => undefined;
  socket.on('message', (packet) => {
    if (unread.length < mostUnread) unread.push(packet);
    wake();
  });
  socket.on('error', (error) => {
    failed = codeOf(error);
    wake();
  });
  try {
    const connected = once(socket, 'connect', { signal });
    socket.connect(port, found.address);
    await connected;
  } catch (error) {
    socket.close();
    throw signal.aborted ? reasonOf(signal) : bmcError(bmcFailures.unreachable(codeOf(error)), error);
  }

  return {
    send: (packet) => {
      socket.send(packet, (error) => {
        if (error === null) return;
        failed = codeOf(error);
        wake();
      });
    },
    async next(timeoutMs, within) {
      within.throwIfAborted();
      if (unread.length === 0 && failed === null) {
        await new Promise<void>((resolve) => {
          const end = (): void => {
            clearTimeout(timer);
            within.removeEventListener('abort', end);
            wake = () => undefined;
            resolve();
          };
          const timer = setTimeout(end, timeoutMs);
          within.addEventListener('abort', end, { once: true });
          wake = end;
        });
        if (within.aborted) throw reasonOf(within);
      }
      const packet = unread.shift();
      if (packet !== undefined) return packet;
      if (failed === null) return null;
      const code = failed;
      failed = null;
      throw bmcError(bmcFailures.unreachable(code));
    },
    close: () => {
      socket.removeAllListeners('message');
      socket.close();
    },
  };
}

/** The system's resolver knows no signal: its late answer is dropped. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return await new Promise<T>((resolve, reject) => {
    const stop = (): void => reject(reasonOf(signal));
    signal.addEventListener('abort', stop, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
