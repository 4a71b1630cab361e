/** The site's bridge and the nodes' network namespaces on it. A node's end is named eth0 and has its MAC by its address. */
import { readFile, readdir } from 'node:fs/promises';
import { z } from 'zod';
import { gatewayOf, overlaps, parseSubnet } from './addresses.ts';
import { localError, localFailures } from './errors.ts';
import type { LocalNode } from './node-record.ts';
import { exists } from './node-record.ts';
import type { NodeNames } from './names.ts';
import { closeWayOut, hasWayOut, openWayOut } from './way-out.ts';
import { lockNames, type Site } from './site.ts';
import { withLock } from './lock.ts';

const interfacesSchema = z.array(
  z.object({
    ifname: z.string(),
    addr_info: z.array(z.object({ local: z.string(), prefixlen: z.number() })).default([]),
  }),
);
const routesSchema = z.array(z.object({ dst: z.string(), dev: z.string().default('another route') }));

const netns = (node: NodeNames): string => `/run/netns/${node.providerId}`;
export const networkNamespacePath = netns;

/** Whose the bridge of the configuration's name is; `free` when there is none. */
export async function bridgeOwner(site: Site): Promise<'ours' | 'foreign' | 'free'> {
  const path = `/sys/class/net/${site.configuration.bridge}`;
  if (!(await exists(path))) return 'free';
  const mac = await readFile(`${path}/address`, 'utf8').catch(() => '');
  return mac.trim() === site.names.bridgeMac ? 'ours' : 'foreign';
}

/** What else on this host uses addresses of the subnet; null when nothing does. */
export async function subnetUser(site: Site, signal: AbortSignal): Promise<string | null> {
  const { bridge } = site.configuration;
  const interfaces = await site.run('ip', ['-j', '-4', 'addr', 'show'], { signal });
  for (const { ifname, addr_info } of interfacesSchema.parse(JSON.parse(interfaces.stdout || '[]'))) {
    for (const { local, prefixlen } of addr_info) {
      const used = parseSubnet(`${local}/${Math.min(prefixlen, 29)}`);
      if (ifname !== bridge && used !== null && overlaps(used, site.subnet))
        return `interface ${ifname} (${local}/${prefixlen})`;
    }
  }
  const routes = await site.run('ip', ['-j', '-4', 'route', 'show'], { signal });
  for (const { dst, dev } of routesSchema.parse(JSON.parse(routes.stdout || '[]'))) {
    const used = parseSubnet(dst);
    if (dev !== bridge && used !== null && overlaps(used, site.subnet)) return `the route to ${dst} by ${dev}`;
  }
  return null;
}

/** Makes the bridge with its address, and the way out when the host has one. Throws `bridge-taken`, `subnet-taken`. */
export async function ensureBridge(site: Site, signal: AbortSignal): Promise<void> {
  const { bridge } = site.configuration;
  const ip = (...args: readonly string[]) => site.run('ip', args, { signal });
  await withLock(lockNames.bridge(site), signal, async () => {
    const owner = await bridgeOwner(site);
    if (owner === 'foreign') throw localError(localFailures.bridgeTaken(bridge));
    if (owner === 'free') {
      const user = await subnetUser(site, signal);
      if (user !== null) throw localError(localFailures.subnetTaken(site.subnet.cidr, user));
      await ip('link', 'add', 'name', bridge, 'address', site.names.bridgeMac, 'type', 'bridge');
    }
    await ip('addr', 'replace', `${gatewayOf(site.subnet)}/${site.subnet.prefixLength}`, 'dev', bridge);
    await ip('link', 'set', bridge, 'up');
    if (await hasWayOut(site, signal)) await openWayOut(site, signal);
  });
}

/** Gives the node a new namespace and cable; whatever it had is taken away first. Its processes must be gone. */
export async function attach(site: Site, node: LocalNode, signal: AbortSignal): Promise<void> {
  const { providerId, link } = node.names;
  const { address, mac } = node.record;
  const ip = (...args: readonly string[]) => site.run('ip', args, { signal });
  const inside = (...args: readonly string[]) => ip('-n', providerId, ...args);
  await detach(site, node.names, signal);
  await ip('netns', 'add', providerId);
  await ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'address', mac, 'netns', providerId);
  await ip('link', 'set', link, 'master', site.configuration.bridge, 'up');
  await inside('addr', 'add', `${address}/${site.subnet.prefixLength}`, 'dev', 'eth0');
  await inside('link', 'set', 'eth0', 'up');
  await inside('link', 'set', 'lo', 'up');
  await inside('route', 'add', 'default', 'via', gatewayOf(site.subnet));
}

export async function detach(site: Site, node: NodeNames, signal: AbortSignal): Promise<void> {
  if (await exists(`/sys/class/net/${node.link}`)) {
    // Code 1: it went with its namespace in between.
    await site.run('ip', ['link', 'del', node.link], { signal, allow: [1] });
  }
  if (await exists(netns(node))) await site.run('ip', ['netns', 'del', node.providerId], { signal });
}

/** Takes away the bridge and the way out when no node of the site is left; otherwise nothing. */
export async function removeBridge(site: Site, nodesLeft: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  await withLock(lockNames.bridge(site), signal, async () => {
    if (await nodesLeft()) return;
    await closeWayOut(site, signal);
    if ((await bridgeOwner(site)) === 'ours')
      await site.run('ip', ['link', 'del', site.configuration.bridge], { signal });
  });
}

/** Names of the site's network namespaces. */
export async function namespacesOf(site: Site): Promise<readonly string[]> {
  const entries = await readdir('/run/netns').catch(() => []);
  return entries.filter((entry) => entry.startsWith(site.names.prefix));
}
