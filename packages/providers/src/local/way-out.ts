/**
 * The nodes' way to the outside: forwarding and one masquerade rule. Both are settings of the whole host, so what was
 * before is kept in /run (gone after a reboot, like the settings) and put back by the last bridge that used it.
 */
import { mkdir, readFile, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from './lock.ts';
import { exists, readText } from './node-record.ts';
import { lockNames, type Site } from './site.ts';

const forwardFile = '/proc/sys/net/ipv4/ip_forward';
const stateDirectory = '/run/formwork/ip-forward';

const tableOf = (site: Site): string => `formwork_${site.configuration.bridge.replaceAll('-', '_')}`;

export async function hasWayOut(site: Site, signal: AbortSignal): Promise<boolean> {
  const routes = await site.run('ip', ['-4', 'route', 'show', 'default'], { signal });
  return routes.stdout.trim() !== '';
}

export async function openWayOut(site: Site, signal: AbortSignal): Promise<void> {
  const { bridge } = site.configuration;
  const table = tableOf(site);
  // `add` then `delete` then the table: one transaction that ends the same whether it was there before or not.
  const rules = `add table ip ${table}
delete table ip ${table}
table ip ${table} {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${site.subnet.cidr} oifname != "${bridge}" masquerade
  }
}
`;
  await site.run('nft', ['-f', '-'], { signal, input: rules });
  await passDroppingFirewall(site, 'add', signal);
  await withLock(lockNames.host, signal, async () => {
    const users = join(stateDirectory, 'users');
    await mkdir(users, { recursive: true });
    const before = join(stateDirectory, 'before');
    if (!(await exists(before))) await writeFile(before, await readFile(forwardFile, 'utf8'));
    await writeFile(join(users, bridge), '');
    await writeFile(forwardFile, '1');
  });
}

export async function closeWayOut(site: Site, signal: AbortSignal): Promise<void> {
  const table = tableOf(site);
  await passDroppingFirewall(site, 'remove', signal);
  await withLock(lockNames.host, signal, async () => {
    const users = join(stateDirectory, 'users');
    await rm(join(users, site.configuration.bridge), { force: true });
    for (const user of await readdir(users).catch(() => [])) {
      // A bridge that went without us (its site's directory was deleted) uses nothing any more.
      if (!(await exists(`/sys/class/net/${user}`))) await rm(join(users, user), { force: true });
    }
    const before = await readText(join(stateDirectory, 'before'));
    if (before === null || (await readdir(users).catch(() => [])).length > 0) return;
    await writeFile(forwardFile, before.trim());
    await rm(stateDirectory, { recursive: true, force: true });
    await rmdir('/run/formwork').catch(() => undefined); // ENOTEMPTY: something else lies beside
  });
  // Code 1: there is no such table, the host never had a way out.
  await site.run('nft', ['delete', 'table', 'ip', table], { signal, allow: [1] });
}

/**
 * A host with Docker drops what it forwards unless iptables says otherwise, whatever nft says. Not tried on such a
 * host; where iptables is absent or lets forwarded packets pass, nothing is changed.
 */
async function passDroppingFirewall(site: Site, change: 'add' | 'remove', signal: AbortSignal): Promise<void> {
  const found = ['/usr/sbin/iptables', '/sbin/iptables'].map(exists);
  if (!(await Promise.all(found)).includes(true)) return;
  const { bridge } = site.configuration;
  const forward = await site.run('iptables', ['-w', '5', '-S', 'FORWARD'], { signal, allow: [1, 2, 3, 4] });
  for (const direction of ['-i', '-o']) {
    const rule = ['FORWARD', direction, bridge, '-j', 'ACCEPT'];
    const present = forward.stdout.includes(`-A ${rule.join(' ')}\n`);
    if (change === 'remove' && present) await site.run('iptables', ['-w', '5', '-D', ...rule], { signal });
    if (change === 'add' && !present && forward.stdout.startsWith('-P FORWARD DROP')) {
      await site.run('iptables', ['-w', '5', '-I', ...rule], { signal });
    }
  }
}
