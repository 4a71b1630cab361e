import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { must } from './expect.ts';

/** TCP in between that can stop to pass anything on, as a network does that drops packets without a word. */
export interface StallingProxy {
  /** The URL with this proxy in the place of its host and port. */
  urlBy(url: string): string;
  stall(): void;
  /** What was held back follows. */
  flow(): void;
  close(): Promise<void>;
}

export async function startStallingProxy(to: { readonly host: string; readonly port: number }): Promise<StallingProxy> {
  const sockets = new Set<Socket>();
  let stalled = false;
  const server = createServer((near) => {
    const far = connect(to);
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => into.write(bytes));
      from.on('end', () => into.end());
      from.on('error', () => into.destroy());
      from.on('close', () => {
        sockets.delete(from);
        into.destroy();
      });
      if (stalled) from.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  must(typeof address === 'object' && address !== null, 'the proxy has no address');
  const { port } = address;
  return {
    urlBy(url) {
      const by = new URL(url);
      // Else the driver goes by the socket.
      by.searchParams.delete('host');
      by.hostname = '127.0.0.1';
      by.port = String(port);
      return by.href;
    },
    stall() {
      stalled = true;
      for (const socket of sockets) socket.pause();
    },
    flow() {
      stalled = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
