/**
 * What a node writes to: an overlay over the image, whose upper layer lies in the node's directory or, when a size was
 * asked for, in a file system of that size of its own (a sparse file on a loop device).
 */
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalNode } from './node-record.ts';
import { exists } from './node-record.ts';
import type { Site } from './site.ts';

export interface NodePaths {
  /** The node's root file system, mounted. */
  readonly root: string;
  /** Directories on a real file system, for what cannot live on an overlay. */
  readonly volumes: string;
}

const diskFile = (directory: string): string => join(directory, 'disk.img');
const storageOf = ({ directory, record }: Pick<LocalNode, 'directory' | 'record'>): string =>
  record.diskGib === null ? directory : join(directory, 'disk');

const nodePaths = (node: LocalNode): NodePaths => ({
  root: join(node.directory, 'merged'),
  volumes: join(storageOf(node), 'volumes'),
});

/** Mount points at or below a path, deepest first. */
export async function mountsBelow(path: string): Promise<readonly string[]> {
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8');
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point === path || point.startsWith(`${path}/`))
    .reverse();
}

/** Mounts what is not mounted yet. Its own disk is made by a rename, so that a half-made one is never used. */
export async function mountNode(site: Site, node: LocalNode, image: string, signal: AbortSignal): Promise<NodePaths> {
  const { directory, record } = node;
  const paths = nodePaths(node);
  const storage = storageOf(node);
  const mounted = await mountsBelow(directory);
  if (record.diskGib !== null && !mounted.includes(storage)) {
    await makeDisk(site, directory, record.diskGib, signal);
    await mkdir(storage, { recursive: true });
    await site.run('mount', ['-o', 'loop,discard', diskFile(directory), storage], { signal });
  }
  for (const path of [join(storage, 'upper'), join(storage, 'work'), paths.volumes, paths.root]) {
    await mkdir(path, { recursive: true });
  }
  if (!mounted.includes(paths.root)) {
    const layers = `lowerdir=${image},upperdir=${join(storage, 'upper')},workdir=${join(storage, 'work')}`;
    await site.run('mount', ['-t', 'overlay', 'overlay', '-o', layers, paths.root], { signal });
  }
  return paths;
}

async function makeDisk(site: Site, directory: string, diskGib: number, signal: AbortSignal): Promise<void> {
  const file = diskFile(directory);
  if (await exists(file)) return;
  const fresh = `${file}.new`;
  await rm(fresh, { force: true });
  const handle = await open(fresh, 'w', 0o600);
  try {
    await handle.truncate(Math.round(diskGib * 2 ** 30));
  } finally {
    await handle.close();
  }
  // No blocks kept for root (-m 0): the size asked for is what the node can write.
  await site.run('mkfs.ext4', ['-q', '-F', '-m', '0', '-E', 'lazy_itable_init=1,nodiscard', fresh], { signal });
  await site.run('mv', ['-T', fresh, file], { signal });
}

/** Unmounts everything of the node and gives its loop device back. Its processes must be gone. */
export async function unmountNode(site: Site, directory: string, signal: AbortSignal): Promise<void> {
  for (const point of await mountsBelow(directory)) await site.run('umount', [point], { signal });
  for (const device of await loopsOf(site, directory, signal)) {
    // Unmounting detaches it; this is for one whose mount never came to be. Code 1: it just went.
    await site.run('losetup', ['-d', device], { signal, allow: [1] });
  }
}

/** Loop devices on the node's disk. */
export async function loopsOf(site: Site, directory: string, signal: AbortSignal): Promise<readonly string[]> {
  if (!(await exists(diskFile(directory)))) return [];
  const found = await site.run('losetup', ['-n', '-O', 'NAME', '-j', diskFile(directory)], { signal });
  return found.stdout
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
