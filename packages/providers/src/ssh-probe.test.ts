import { createServer, type Server as TcpServer } from 'node:net';
import ssh2 from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { makeHostKey } from './local/host-key.ts';
import { probeSsh } from './ssh-probe.ts';

const signal = (): AbortSignal => new AbortController().signal;
const open: { close(): unknown }[] = [];

async function listen(server: TcpServer | ssh2.Server): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null && 'port' in address ? address.port : 0;
}

describe('the SSH probe', () => {
  afterEach(() => {
    for (const server of open.splice(0)) server.close();
  });

  it('answers the host key of a server, which reads the keys we make', async () => {
    const { privateKey, publicKey } = makeHostKey();
    const server = new ssh2.Server({ hostKeys: [privateKey] }, (client) => client.on('error', () => undefined));
    const port = await listen(server);
    await expect(probeSsh({ host: '127.0.0.1', port, signal: signal(), timeoutMs: 5000 })).resolves.toBe(publicKey);
  });

  it('answers null where nothing listens', async () => {
    const server = createServer();
    const port = await listen(server);
    server.close();
    await expect(probeSsh({ host: '127.0.0.1', port, signal: signal(), timeoutMs: 5000 })).resolves.toBeNull();
  });

  it('answers null when what listens says nothing', async () => {
    const port = await listen(createServer());
    await expect(probeSsh({ host: '127.0.0.1', port, signal: signal(), timeoutMs: 200 })).resolves.toBeNull();
  });

  it('ends at once when it is aborted', async () => {
    const controller = new AbortController();
    const server = createServer(() => controller.abort());
    const port = await listen(server);
    const probe = probeSsh({ host: '127.0.0.1', port, signal: controller.signal, timeoutMs: 60_000 });
    await expect(probe).rejects.toThrow(/abort/i);
  });
});
