import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { NodeRow } from '@formwork/db';
import { localProvider, machineSteps, type OwnerTags, type Provider } from '@formwork/providers';
import type { House } from './house.ts';
import { until } from './until.ts';

const call = () => ({ signal: new AbortController().signal, timeoutMs: 60_000 });

const printed = async (command: string, ...args: readonly string[]): Promise<readonly string[]> =>
  (await promisify(execFile)(command, args).catch(() => ({ stdout: '' }))).stdout.split('\n');

const listed = (directory: string): Promise<readonly string[]> => readdir(directory).catch(() => []);

/** Real machines on this host for a house: their site, and the proof that nothing of them stays. */
export interface LocalNodes {
  readonly siteId: string;
  /** Destroys every machine of the site, whatever became of the test, and answers what is left on the host. */
  sweep(): Promise<readonly string[]>;
  /** Takes a machine away behind the engine's back. */
  snatch(node: Pick<NodeRow, 'id' | 'deploymentId' | 'incarnation'>): Promise<void>;
  /** What of the site is on this host now, by its names. */
  leftovers(): Promise<readonly string[]>;
}

/** `network`: a digit that no other test has; the bridge and the subnet come from it and from the queue in use. */
export async function addLocalNodes(
  house: House,
  site: { readonly name: string; readonly driver: 'nspawn' | 'plain'; readonly network: number },
): Promise<LocalNodes> {
  // The suites of both queues run side by side on one host.
  const onRedis = process.env['FORMWORK_TEST_QUEUE'] === 'redis';
  const bridge = `${onRedis ? 'fwitr' : 'fwit'}${site.network}`;
  const configuration = {
    driver: site.driver,
    bridge,
    subnet: `10.${onRedis ? 97 : 96}.${site.network}.0/24`,
    images: { 'debian-12': { suite: 'bookworm', packages: ['etcd-server', 'etcd-client'] } },
  };
  const siteId = await house.addSite(site.name, 'local', configuration);
  const dataDirectory = `${house.dataDirectory}/local/${siteId}`;
  const tag = createHash('sha256').update(`site\n${siteId}`).digest('hex').slice(0, 8);

  const leftovers = async (): Promise<readonly string[]> => {
    const groups = await listed('/sys/fs/cgroup');
    const owned = await Promise.all(
      groups.map(async (group) =>
        (await listed(`/sys/fs/cgroup/${group}`)).includes(`formwork-${tag}`) ? [`cgroup ${group}`] : [],
      ),
    );
    return [
      ...(await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => line.includes(dataDirectory)),
      ...(await listed(`${dataDirectory}/nodes`)),
      ...(await printed('ip', '-o', 'link')).filter((line) => line.includes(`${bridge}:`)),
      ...(await printed('losetup', '-a')).filter((line) => line.includes(dataDirectory)),
      ...(await printed('nft', 'list', 'tables')).filter((line) => line.includes(bridge)),
      ...(await printed('ps', '-eo', 'args')).filter((line) => line.includes(`${dataDirectory}/nodes`)),
      ...(await listed('/run/netns')).filter((name) => name.startsWith(`fw-${tag}-`)),
      ...owned.flat(),
    ];
  };
  const withProvider = async <T>(work: (provider: Provider) => Promise<T>): Promise<T> => {
    const provider = localProvider.open({
      siteId,
      siteName: site.name,
      configuration: localProvider.descriptor.configuration.parse(configuration),
      credentials: {},
      dataDirectory,
      log: () => undefined,
    });
    try {
      return await work(provider);
    } finally {
      await provider.close();
    }
  };
  const destroy = async (provider: Provider, tags: OwnerTags): Promise<void> => {
    const key = createHash('sha256').update(`${tags.nodeId} ${tags.incarnation} 0`).digest('hex').slice(0, 40);
    await until(
      'the machine is destroyed',
      () => machineSteps.destroy(provider, { tags, key, name: 'gone', providerId: null }, call()),
      ({ state }) => state === 'done',
    );
  };
  return {
    siteId,
    leftovers,
    snatch: ({ id, deploymentId, incarnation }) =>
      withProvider((provider) =>
        destroy(provider, { siteId, deploymentId: deploymentId ?? '', nodeId: id, incarnation }),
      ),
    sweep: () =>
      withProvider(async (provider) => {
        const owned = await provider.listOwned({ deploymentId: null }, call());
        for (const { tags } of owned.filter(({ kind }) => kind === 'node')) await destroy(provider, tags);
        const still = await provider.listOwned({ deploymentId: null }, call());
        return [...still.map(({ kind, id }) => `${kind} ${id}`), ...(await leftovers())];
      }),
  };
}
