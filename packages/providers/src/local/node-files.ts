/** What a node's first start finds in its file system: its name, its keys, its resolver. Written once. */
import { createHash } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gatewayOf } from './addresses.ts';
import type { NodePaths } from './disk.ts';
import { makeHostKey } from './host-key.ts';
import { builtinModules, containerVolumes } from './containers.ts';
import type { LocalNode } from './node-record.ts';
import { readMark, readText, setMark } from './node-record.ts';
import type { Site } from './site.ts';
import { hasWayOut } from './way-out.ts';

const hostKeyFile = (directory: string): string => join(directory, 'host-key');

/** The key we gave the node, `ssh-ed25519 AAAA...`: what pins it. Null before its first start. */
export const pinnedHostKey = async (directory: string): Promise<string | null> =>
  (await readText(`${hostKeyFile(directory)}.pub`))?.trim() ?? null;

export async function prepareFiles(site: Site, node: LocalNode, paths: NodePaths, signal: AbortSignal): Promise<void> {
  const { directory, record } = node;
  if ((await readMark(directory, 'prepared')) !== null) return;
  const put = async (path: string, text: string, mode = 0o644): Promise<void> => {
    const file = join(paths.root, path);
    await mkdir(join(file, '..'), { recursive: true });
    await rm(file, { force: true }); // never through a link of the image
    await writeFile(file, text, { mode });
    await chmod(file, mode);
  };
  if ((await pinnedHostKey(directory)) === null) {
    const pair = makeHostKey();
    await writeFile(hostKeyFile(directory), pair.privateKey, { mode: 0o600 });
    await writeFile(`${hostKeyFile(directory)}.pub`, `${pair.publicKey}\n`, { flush: true });
  }
  const publicKey = (await pinnedHostKey(directory)) ?? '';
  await put('etc/ssh/ssh_host_ed25519_key', await readFile(hostKeyFile(directory), 'utf8'), 0o600);
  await put('etc/ssh/ssh_host_ed25519_key.pub', `${publicKey}\n`);
  await put('etc/hostname', `${record.name}\n`);
  await put(
    'etc/hosts',
    `127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n${record.address} ${record.name}\n`,
  );
  await put('etc/resolv.conf', await resolverOf(site, signal));
  await put('etc/machine-id', `${createHash('sha256').update(record.key).digest('hex').slice(0, 32)}\n`);
  await authorize(paths.root, 'root', record.sshPublicKey);
  await authorize(paths.root, 'home/formwork', record.sshPublicKey);
  if (site.configuration.packageCache.enabled) {
    await put('etc/formwork/package-cache', `${gatewayOf(site.subnet)} ${site.configuration.packageCache.port}\n`);
  }
  if (record.capabilities.includes('containers')) {
    for (const { name } of containerVolumes) await mkdir(join(paths.volumes, name), { recursive: true });
    await put('etc/formwork/containers', '');
    const { release, list } = await builtinModules();
    for (const file of ['modules.order', 'modules.builtin.modinfo']) await put(`lib/modules/${release}/${file}`, '');
    await put(`lib/modules/${release}/modules.builtin`, list);
  }
  await setMark(directory, 'prepared');
}

/** Login by our key; the owner is the home directory's. */
async function authorize(root: string, home: string, key: string): Promise<void> {
  const directory = join(root, home, '.ssh');
  const { uid, gid } = await stat(join(root, home));
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(join(directory, 'authorized_keys'), `${key.trim()}\n`, { mode: 0o600 });
  for (const path of [directory, join(directory, 'authorized_keys')]) await chown(path, uid, gid);
}

/** The host's resolver, where nodes can reach it. Without one, a name fails at once instead of after seconds. */
async function resolverOf(site: Site, signal: AbortSignal): Promise<string> {
  const options = 'options timeout:2 attempts:2\n';
  if (site.configuration.nameservers.length > 0) {
    return `${site.configuration.nameservers.map((address) => `nameserver ${address}\n`).join('')}${options}`;
  }
  if (!(await hasWayOut(site, signal))) return options;
  // systemd-resolved listens on a loopback address of the host; its upstream servers are in the second file.
  for (const file of ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']) {
    const lines = ((await readText(file)) ?? '').split('\n');
    const servers = lines.filter((line) => /^nameserver\s+(?!127\.|::1)/.test(line));
    if (servers.length > 0) {
      const search = lines.filter((line) => /^search\s/.test(line));
      return `${[...search, ...servers].join('\n')}\n${options}`;
    }
  }
  return options;
}
