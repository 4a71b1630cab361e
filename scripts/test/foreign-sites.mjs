// What on this machine belongs to other Formworks that run at the same time: their nodes lie outside of our directory.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';

const attempt = (call, otherwise) => {
  try {
    return call();
  } catch {
    return otherwise; // Not on this system, or gone since it was listed.
  }
};
const links = '/sys/class/net';

/**
 * Names of other people's sites, nodes, bridges and cables. From the mount of a node's root file system, which names
 * its data directory, by the network namespace `fw-<site>-<node>`, to the site and its bridge, whose address holds the
 * site's tag.
 *
 * @param {string} directory Ours: whatever lies below it is not foreign.
 * @returns {readonly string[]}
 */
export function foreignNames(directory) {
  const mounts = attempt(() => readFileSync('/proc/self/mountinfo', 'utf8'), '').split('\n');
  const nodes = mounts
    .map((line) => /^(.*)\/nodes\/([0-9a-f]{10})\/merged$/.exec(line.split(' ')[4] ?? ''))
    .filter((match) => match !== null && !match[1].startsWith(directory))
    .map(([, , node]) => node);
  const sites = attempt(() => readdirSync('/run/netns'), [])
    .map((name) => /^fw-([0-9a-f]{8})-([0-9a-f]{10})$/.exec(name))
    .filter((match) => match !== null && nodes.includes(match[2]))
    .map(([, site]) => site);
  const named = attempt(() => readdirSync(links), []).map((name) => ({
    name,
    address: attempt(() => readFileSync(path.join(links, name, 'address'), 'utf8').trim(), ''),
    master: attempt(() => path.basename(readlinkSync(path.join(links, name, 'master'))), ''),
  }));
  const bridges = named
    .filter(({ address }) => address.startsWith('02:46:') && sites.includes(address.slice(6).replaceAll(':', '')))
    .map(({ name }) => name);
  const cables = named.filter(({ master }) => bridges.includes(master)).map(({ name }) => name);
  return [...new Set([...nodes, ...sites, ...bridges, ...cables])];
}
