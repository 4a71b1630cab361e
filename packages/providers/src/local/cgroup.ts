/**
 * A node's groups, in every cgroup hierarchy of the host:
 *
 *     /formwork-<site>/<node>           limits; outside what the node's own cgroup namespace can reach
 *     /formwork-<site>/<node>/watch     the loop that starts the supervisor again after a reboot
 *     /formwork-<site>/<node>/node      the supervisor and everything in the node: root of its cgroup namespace
 *
 * The groups, not a remembered pid, say what runs: a supervisor that was killed leaves its node running.
 * Tried on cgroup v1 with an empty v2 hierarchy beside it. Pure v2 is coded (controllers are handed down, no process
 * sits in an inner group) but not tried; neither is a host whose own systemd manages the root group.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pause } from '../pause.ts';
import { localError, localFailures } from './errors.ts';
import type { NodeNames, SiteNames } from './names.ts';
import { exists } from './node-record.ts';

export interface Hierarchy {
  readonly path: string;
  readonly version: 1 | 2;
  /** v1: the controllers mounted there, `name=systemd` included. */
  readonly controllers: readonly string[];
}

export interface Limits {
  readonly cpus: number | null;
  readonly memoryGib: number | null;
}

/** Reads /proc/self/mountinfo: `id parent dev root mountpoint options - type source super-options`. */
export function parseHierarchies(mountinfo: string): readonly Hierarchy[] {
  const found = new Map<string, Hierarchy>();
  for (const line of mountinfo.split('\n')) {
    const [left, right] = line.split(' - ');
    const path = left?.split(' ')[4];
    const [type, , superOptions] = right?.split(' ') ?? [];
    if (path === undefined || (type !== 'cgroup' && type !== 'cgroup2')) continue;
    const controllers = type === 'cgroup' ? (superOptions ?? '').split(',').filter((word) => word !== 'rw') : [];
    found.set(path, { path, version: type === 'cgroup' ? 1 : 2, controllers });
  }
  return [...found.values()];
}

export const hierarchies = async (): Promise<readonly Hierarchy[]> =>
  parseHierarchies(await readFile('/proc/self/mountinfo', 'utf8'));

const nodeGroup = (hierarchy: Hierarchy, site: SiteNames, node: NodeNames): string =>
  join(hierarchy.path, site.cgroup, node.tag);

/** Makes the groups and answers the files that a process writes itself into. */
export async function makeGroups(
  site: SiteNames,
  node: NodeNames,
  limits: Limits,
): Promise<{ readonly watch: readonly string[]; readonly node: readonly string[] }> {
  const all = await hierarchies();
  for (const hierarchy of all) {
    const parent = join(hierarchy.path, site.cgroup);
    const group = nodeGroup(hierarchy, site, node);
    await makeGroup(hierarchy, hierarchy.path, parent);
    await makeGroup(hierarchy, parent, group);
    await makeGroup(hierarchy, group, join(group, 'watch'));
    await makeGroup(hierarchy, group, join(group, 'node'));
    await applyLimits(group, limits);
  }
  const procs = (leaf: string): readonly string[] =>
    all.map((hierarchy) => join(nodeGroup(hierarchy, site, node), leaf, 'cgroup.procs'));
  return { watch: procs('watch'), node: procs('node') };
}

async function makeGroup(hierarchy: Hierarchy, parent: string, group: string): Promise<void> {
  if (hierarchy.version === 2) {
    for (const controller of ['cpu', 'cpuset', 'io', 'memory', 'pids']) {
      // Not every kernel has each; one that is missing is not handed down, and its limit does not hold.
      await writeFile(join(parent, 'cgroup.subtree_control'), `+${controller}`).catch(() => undefined);
    }
  }
  await mkdir(group, { recursive: true });
  if (hierarchy.controllers.includes('cpuset')) {
    // A new cpuset is empty, and a process cannot join an empty one.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      await writeFile(join(group, file), await readFile(join(parent, file), 'utf8'));
    }
    await writeFile(join(group, 'cgroup.clone_children'), '1');
  }
}

async function applyLimits(group: string, { cpus, memoryGib }: Limits): Promise<void> {
  const set = async (file: string, value: string): Promise<void> => {
    if (await exists(join(group, file))) await writeFile(join(group, file), value);
  };
  const periodUs = 100_000;
  if (cpus !== null) {
    const quotaUs = Math.max(1000, Math.round(cpus * periodUs));
    await set('cpu.cfs_quota_us', String(quotaUs));
    await set('cpu.max', `${quotaUs} ${periodUs}`);
  }
  if (memoryGib !== null) {
    const bytes = String(Math.round(memoryGib * 2 ** 30));
    await set('memory.limit_in_bytes', bytes);
    await set('memory.max', bytes);
  }
}

// The kernel answers these from memory: a call costs a tenth of what handing it to another thread does, and a look at a
// site's machines makes hundreds.
function processesIn(group: string): readonly number[] {
  const own = orElse(() => readFileSync(join(group, 'cgroup.procs'), 'utf8'), '')
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
  return [...own, ...subgroups(group).flatMap((name) => processesIn(join(group, name)))];
}

function subgroups(group: string): readonly string[] {
  const entries = orElse(() => readdirSync(group, { withFileTypes: true }), []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

function orElse<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

/** Every process of a part of the node, seen from any hierarchy. `supervisor` and `payload` are made by nspawn. */
export async function processesOf(
  site: SiteNames,
  node: NodeNames,
  part: 'all' | 'watch' | 'node' | 'node/supervisor' | 'node/payload' = 'all',
): Promise<readonly number[]> {
  const found = (await hierarchies()).flatMap((hierarchy) =>
    processesIn(join(nodeGroup(hierarchy, site, node), part === 'all' ? '' : part)),
  );
  return [...new Set(found)];
}

/** Kills every process of the node. Answers whether none is left; ends early when the signal fires. */
export async function killGroups(site: SiteNames, node: NodeNames, signal: AbortSignal): Promise<boolean> {
  for (let round = 0; round < 100; round += 1) {
    for (const hierarchy of await hierarchies()) {
      if (hierarchy.version === 2) {
        await writeFile(join(nodeGroup(hierarchy, site, node), 'cgroup.kill'), '1').catch(() => undefined);
      }
    }
    const left = await processesOf(site, node);
    if (left.length === 0) return true;
    for (const pid of left) signalProcess(pid, 'SIGKILL');
    await pause(20, signal);
  }
  return (await processesOf(site, node)).length === 0;
}

/** Signals a process just seen in a group; that it ended by itself meanwhile is no error. */
export function signalProcess(pid: number, signal: 'SIGKILL' | 'SIGTERM'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Removes the node's groups, and the site's with its last node. Throws `still-busy` when one cannot go. */
export async function removeGroups(site: SiteNames, node: NodeNames, signal: AbortSignal): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    const group = nodeGroup(hierarchy, site, node);
    for (let round = 0; (await exists(group)) && !(await removeTree(group)); round += 1) {
      if (round > 50) throw localError(localFailures.stillBusy(node.providerId, `cgroup ${group} cannot be removed`));
      await pause(20, signal);
    }
    await rmdir(join(hierarchy.path, site.cgroup)).catch(() => undefined); // ENOTEMPTY: other nodes
  }
}

async function removeTree(group: string): Promise<boolean> {
  for (const name of subgroups(group)) await removeTree(join(group, name));
  return await rmdir(group).then(
    () => true,
    () => false, // EBUSY: a process is just ending
  );
}

/** Tags of the nodes that have a group in any hierarchy. */
export async function groupTags(site: SiteNames): Promise<readonly string[]> {
  const found = (await hierarchies()).flatMap((hierarchy) => subgroups(join(hierarchy.path, site.cgroup)));
  return [...new Set(found)];
}
