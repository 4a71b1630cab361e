import { localProvider, machineSteps, type MachineOutputs, type NodeRequest, type Provider } from '@formwork/providers';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { execOverSsh, makeKeyPair } from '../conformance/ssh.ts';

export const host = async (command: string, ...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(command, args)).stdout.trim();

export const callContext = () => ({ signal: new AbortController().signal, timeoutMs: 60_000 });

const listed = (directory: string): Promise<readonly string[]> => readdir(directory).catch(() => []);

/** Calls again until what it answers is wanted; what it answered last is in the error when time runs out. */
export async function until<T>(call: () => Promise<T>, wanted: (value: T) => boolean, withinMs = 60_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await call();
    if (wanted(value)) return value;
    if (performance.now() > deadline) throw new Error(`still not as wanted: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A site of real machines on this host, with names of its own, and what tests do with its machines. */
export interface LocalSite {
  readonly bridge: string;
  readonly gateway: string;
  /** Of the key that its machines let in. */
  readonly privateKey: string;
  provider: Provider;
  /** Closes the provider and opens it anew, as a worker that starts does. */
  restart(): Promise<void>;
  request(name: string, change?: Partial<NodeRequest>): NodeRequest;
  create(request: NodeRequest): Promise<MachineOutputs>;
  destroy(request: NodeRequest): Promise<void>;
  /** Every machine that `create` was called for. */
  destroyAll(): Promise<void>;
  ssh(machine: MachineOutputs, command: string): Promise<string>;
  /** Files of processes of one part of the node's cgroup: `node/supervisor`, `node/payload`, `watch`. */
  processes(providerId: string, part: string): Promise<readonly number[]>;
  /** Everything on this host that carries the site's names, whatever the provider says. */
  leftovers(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export async function openLocalSite(options: {
  readonly siteId: string;
  readonly bridge: string;
  readonly network: string;
  readonly images?: object;
  readonly driver?: string;
}): Promise<LocalSite> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'formwork-e2e-local-'));
  const { privateKey, publicKey } = makeKeyPair();
  const open = (): Provider =>
    localProvider.open({
      siteId: options.siteId,
      siteName: 'here',
      configuration: localProvider.descriptor.configuration.parse({
        driver: options.driver ?? 'nspawn',
        bridge: options.bridge,
        subnet: `${options.network}.0/24`,
        ...(options.images === undefined
          ? {}
          : { images: options.images, defaultImage: Object.keys(options.images)[0] ?? '' }),
      }),
      credentials: {},
      dataDirectory,
      log: () => undefined,
    });
  let tag = ''; // part of every name; seen with the first machine
  const requested: NodeRequest[] = [];
  const site: LocalSite = {
    bridge: options.bridge,
    gateway: `${options.network}.1`,
    privateKey,
    provider: open(),
    async restart() {
      await site.provider.close();
      site.provider = open();
    },
    request: (name, change = {}) => ({
      key: `key-${name}`,
      tags: { siteId: options.siteId, deploymentId: 'deployment-1', nodeId: `node-${name}`, incarnation: 0 },
      name,
      deploymentName: 'e2e',
      image: null,
      size: null,
      capabilities: [],
      labels: {},
      sshPublicKey: publicKey,
      candidate: 0,
      ...change,
    }),
    async create(request) {
      requested.push(request);
      const created = await until(
        () => machineSteps.create(site.provider, request, callContext()),
        ({ state }) => state !== 'pending',
        400_000, // an image may have to be built
      );
      if (created.state !== 'done') throw new Error(JSON.stringify(created));
      tag = created.outputs.providerId.split('-')[1] ?? '';
      return created.outputs;
    },
    async destroy(request) {
      const reference = { tags: request.tags, key: request.key, name: request.name, providerId: null };
      const destroyed = await until(
        () => machineSteps.destroy(site.provider, reference, callContext()),
        ({ state }) => state !== 'pending',
      );
      if (destroyed.state !== 'done') throw new Error(JSON.stringify(destroyed));
    },
    async destroyAll() {
      // One after the other, and not at once with a `destroy` that is under way: two would be in each other's way.
      for (const request of requested) await site.destroy(request);
    },
    ssh: (machine, command) => execOverSsh(machine, privateKey, command),
    async processes(providerId, part) {
      const [, siteTag, nodeTag] = providerId.split('-');
      const group = `/sys/fs/cgroup/systemd/formwork-${siteTag ?? ''}/${nodeTag ?? ''}/${part}`;
      return (await readFile(`${group}/cgroup.procs`, 'utf8')).split('\n').filter(Boolean).map(Number);
    },
    async leftovers() {
      const found = [
        ...(await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => line.includes(dataDirectory)),
        ...(await listed(join(dataDirectory, 'nodes'))),
        ...(await host('ip', '-o', 'link')).split('\n').filter((line) => line.includes(options.bridge)),
        ...(await host('losetup', '-a')).split('\n').filter((line) => line.includes(dataDirectory)),
        ...(await host('nft', 'list', 'tables')).split('\n').filter((line) => line.includes(options.bridge)),
        ...(await host('ps', '-eo', 'args')).split('\n').filter((line) => line.includes(dataDirectory)),
      ];
      for (const group of await readdir('/sys/fs/cgroup')) {
        const owned = (await listed(`/sys/fs/cgroup/${group}`)).includes(`formwork-${tag}`);
        if (owned) found.push(`cgroup ${group}/formwork-${tag}`);
      }
      const spaces = await listed('/run/netns');
      return [...found, ...spaces.filter((name) => name.startsWith(`fw-${tag}-`))];
    },
    async close() {
      await site.provider.close();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
  return site;
}
