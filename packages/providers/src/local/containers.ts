/** What a node asked for with `capabilities: [containers]` has more: what containerd, runc and a kubelet need. */
import { readFile } from 'node:fs/promises';
import { release as kernelRelease } from 'node:os';
import { exists, readText } from './node-record.ts';
import type { Site } from './site.ts';

/** Directories that must not be on an overlay. */
export const containerVolumes = [
  { name: 'containerd', path: '/var/lib/containerd' },
  { name: 'kubelet', path: '/var/lib/kubelet' },
  { name: 'etcd', path: '/var/lib/etcd' },
] as const;

const devices = ['/dev/kmsg', '/dev/fuse', '/dev/net/tun'] as const;

/** Those of the devices that this host has. */
export async function containerDevices(): Promise<readonly string[]> {
  const found = await Promise.all(devices.map(async (path) => ((await exists(path)) ? [path] : [])));
  return found.flat();
}

/** Kernel modules that tools in a node load before they use them; the kernel is the host's, so the host loads them. */
const wanted = [
  'overlay',
  'br_netfilter',
  'nf_conntrack',
  'ip_tables',
  'iptable_nat',
  'iptable_filter',
  'nf_nat',
  'xt_conntrack',
  'xt_MASQUERADE',
  'vxlan',
  'veth',
  'bridge',
] as const;

/** Loads what this kernel has as modules. One that it lacks, or has built in, is not an error here. */
export async function loadModules(site: Site, signal: AbortSignal): Promise<void> {
  await site.run('modprobe', ['-a', '-q', ...wanted], { signal, allow: [1] }).catch(() => undefined);
  signal.throwIfAborted();
}

/**
 * A list for the node in which everything that is there counts as built in: `modprobe overlay` then succeeds in it
 * without loading anything. Module files may have `-` or `_`; kmod takes both.
 */
export async function builtinModules(): Promise<{ readonly release: string; readonly list: string }> {
  const release = kernelRelease();
  const loaded = ((await readText('/proc/modules')) ?? '').split('\n').map((line) => line.split(' ')[0] ?? '');
  const builtin = await readFile(`/lib/modules/${release}/modules.builtin`, 'utf8').catch(() => '');
  const names = new Set([...wanted, ...loaded].filter((name) => name !== ''));
  const more = [...names].map((name) => `kernel/formwork/${name}.ko`).filter((line) => !builtin.includes(line));
  return { release, list: `${[builtin.trimEnd(), ...more].filter((line) => line !== '').join('\n')}\n` };
}
