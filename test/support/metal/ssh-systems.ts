// Systems that are nothing but an SSH server of this process, each on an address of its own: enough for all that a provider
// asks of a machine, and quick.
import { release } from 'node:os';
import ssh2, { type Server } from 'ssh2';
import { freePort } from '../free-port.ts';
import type { InstalledSystems } from './installed-systems.ts';

const { Server: SshServer, utils } = ssh2; // CommonJS: Node finds no named `utils`.

export interface SshSystems extends InstalledSystems {
  /** On which all of them listen. */
  readonly port: number;
  /** Boots so far, by disk. */
  readonly boots: ReadonlyMap<string, number>;
}

export async function sshSystems(): Promise<SshSystems> {
  const port = await freePort();
  const disks = new Map<string, { readonly key: string; readonly hostKey: string; readonly address: string }>();
  const running = new Map<string, Server>();
  const boots = new Map<string, number>();
  const powerOff = async (disk: string): Promise<void> => {
    const server = running.get(disk);
    running.delete(disk);
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return {
    port,
    boots,
    lacking: () => Promise.resolve(process.platform === 'linux' ? null : 'Linux (addresses of 127.0.0.0/8)'),
    write(disk) {
      const pair = utils.generateKeyPairSync('ed25519');
      const hostKey = pair.public.split(' ').slice(0, 2).join(' ');
      disks.set(disk, { key: pair.private, hostKey, address: `127.0.77.${String(Number(disk.replace(/\D/g, '')))}` });
    },
    async boot(disk) {
      const system = disks.get(disk);
      if (system === undefined) throw new Error(`the disk ${disk} is empty`);
      if (!running.has(disk)) {
        const server = new SshServer({ hostKeys: [system.key] }, (client) => {
          client.on('error', () => undefined);
          client.on('authentication', (context) => context.reject());
        });
        running.set(disk, server);
        boots.set(disk, (boots.get(disk) ?? 0) + 1);
        await new Promise<void>((resolve) => server.listen(port, system.address, resolve));
      }
      return { hostKey: system.hostKey, address: system.address, kernel: release() };
    },
    powerOff,
    async wipe(disk) {
      await powerOff(disk);
      disks.delete(disk);
    },
    async close() {
      for (const disk of [...running.keys()]) await powerOff(disk);
    },
  };
}
