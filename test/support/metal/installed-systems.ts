// What stands for the operating system on a machine's disk: a node of the local provider, real systemd, real sshd. The disk
// is written by making the node, wiped by destroying it, and the power button is the node's.
import { type CallContext, type NodeReference, type NodeRequest, providerNamed } from '@formwork/providers';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';

const context: CallContext = { signal: new AbortController().signal, timeoutMs: 300_000 };

export interface InstalledSystem {
  readonly hostKey: string;
  readonly address: string;
  readonly kernel: string;
}

export interface InstalledSystems {
  /** What this host lacks for them; null when nothing. */
  lacking(): Promise<string | null>;
  /** A system for a new disk, not running. */
  write(disk: string, hostname: string, sshPublicKey: string): void;
  /** Boots it; answers when its SSH does. */
  boot(disk: string, signal: AbortSignal): Promise<InstalledSystem>;
  powerOff(disk: string): Promise<void>;
  wipe(disk: string): Promise<void>;
  close(): Promise<void>;
}

export async function installedSystems(bridge: string, subnet: string): Promise<InstalledSystems> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'formwork-installed-'));
  const siteId = `installed-${process.pid}`;
  const local = providerNamed('local').open({
    siteId,
    siteName: siteId,
    configuration: { driver: 'nspawn', bridge, subnet },
    credentials: {},
    dataDirectory,
    log: () => undefined,
  });
  const written = new Map<string, NodeRequest>();
  let generation = 0;
  const referenceOf = ({ tags, key, name }: NodeRequest): NodeReference => ({ tags, key, name, providerId: null });
  const untilDone = async (step: () => Promise<{ state: string }>): Promise<void> => {
    for (;;) {
      const result = await step();
      if (result.state === 'done') return;
      if (result.state === 'failed') throw new Error(JSON.stringify(result));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  const destroy = async (disk: string): Promise<void> => {
    const request = written.get(disk);
    written.delete(disk);
    if (request !== undefined) await untilDone(() => local.destroyNode(referenceOf(request), context));
  };
  return {
    async lacking() {
      if (process.platform !== 'linux') return 'Linux';
      if (process.getuid?.() !== 0) return 'root (the nspawn driver needs it)';
      const { problems } = await local.check(context);
      return problems.length === 0 ? null : problems.map(({ message }) => message).join('; ');
    },
    write(disk, hostname, sshPublicKey) {
      generation += 1;
      const key = createHash('sha256')
        .update(`${siteId} ${disk} ${String(generation)}`)
        .digest('hex');
      written.set(disk, {
        key,
        tags: { siteId, deploymentId: 'disks', nodeId: `${disk}-${String(generation)}`, incarnation: 1 },
        name: hostname,
        deploymentName: 'disks',
        image: 'debian-12',
        size: { cpus: 1, memoryGib: 1 },
        capabilities: [],
        labels: {},
        sshPublicKey,
        candidate: 0,
      });
    },
    async boot(disk, signal) {
      const request = written.get(disk);
      if (request === undefined) throw new Error(`the disk ${disk} is empty`);
      const node = referenceOf(request);
      await untilDone(() => local.ensureNode(request, context));
      for (;;) {
        signal.throwIfAborted();
        const seen = await local.observeNode(node, context);
        const [address] = seen.addresses;
        if (seen.ready && address !== undefined && seen.hostKey !== null) {
          return { hostKey: seen.hostKey.publicKey, address: address.host, kernel: release() };
        }
        if (seen.state === 'stopped') await untilDone(async () => await powerOf().set(node, 'on', context));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    async powerOff(disk) {
      const request = written.get(disk);
      if (request === undefined) return;
      const { state } = await local.observeNode(referenceOf(request), context);
      if (state !== 'absent') await untilDone(() => powerOf().set(referenceOf(request), 'off', context));
    },
    wipe: destroy,
    async close() {
      for (const disk of [...written.keys()]) await destroy(disk);
      await local.close();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };

  function powerOf() {
    if (local.power === undefined) throw new Error('local has no power');
    return local.power;
  }
}
