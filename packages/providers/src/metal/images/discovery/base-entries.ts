/** What of the packages goes into the image: the programs with their libraries, and the chosen modules of the kernel. */
import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { FormworkError } from '@formwork/core';
import type { CpioEntry } from '../archive/cpio.ts';
import { loadingNeeds } from '../archive/needed-libraries.ts';
import { type KernelModule, moduleIndex, selectModules } from '../kernel/module-index.ts';
import { moduleName, readModuleInfo } from '../kernel/module-info.ts';
import { moduleNames, programs } from './contents.ts';

const programFolders = ['bin', 'sbin', 'usr/bin', 'usr/sbin'];
const libraryFolders = ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu', 'lib64', 'lib', 'usr/lib'];

/** The programs in /bin, their libraries in /lib, the loader where they look for it. */
export async function programEntries(tree: string): Promise<readonly CpioEntry[]> {
  const entries = new Map<string, CpioEntry>();
  const add = async (path: string, folders: readonly string[], name: string, mode: number): Promise<void> => {
    if (entries.has(path)) return;
    const data = await readIn(tree, folders, name);
    entries.set(path, { kind: 'file', path, mode, data });
    const needs = loadingNeeds(data);
    for (const library of needs?.libraries ?? []) {
      // The loader is a library as well; it is where `interpreter` says.
      if (!library.startsWith('ld-linux')) await add(`lib/${library}`, libraryFolders, library, 0o644);
    }
    const interpreter = needs?.interpreter ?? null;
    if (interpreter !== null) await add(interpreter.slice(1), libraryFolders, basename(interpreter), 0o755);
  };
  for (const name of Object.values(programs).flat()) await add(`bin/${name}`, programFolders, name, 0o755);
  return [...entries.values()];
}

async function readIn(tree: string, folders: readonly string[], name: string): Promise<Buffer> {
  for (const folder of folders) {
    const data = await readFile(join(tree, folder, name)).catch(() => null);
    if (data !== null) return data;
  }
  throw new FormworkError('terminal', 'package-content', `the packages have no ${name} in ${folders.join(', ')}`);
}

/** The kernel of the tree. */
export async function findKernel(tree: string): Promise<{ readonly release: string; readonly image: Buffer }> {
  const names = await readdir(join(tree, 'boot')).catch(() => []);
  const name = names
    .filter((file) => file.startsWith('vmlinuz-'))
    .sort()
    .at(-1);
  if (name === undefined) throw new FormworkError('terminal', 'package-content', 'the kernel package has no kernel');
  return { release: name.slice('vmlinuz-'.length), image: await readFile(join(tree, 'boot', name)) };
}

/** The chosen modules with the index that modprobe reads, below /lib/modules. */
export async function moduleEntries(
  tree: string,
  release: string,
): Promise<{ readonly entries: readonly CpioEntry[]; readonly missing: readonly string[] }> {
  const root = join(tree, 'lib/modules', release);
  const files = await readdir(root, { recursive: true });
  const all: KernelModule[] = [];
  const wanted = new Set<string>();
  for (const path of files.filter((file) => file.endsWith('.ko')).sort()) {
    const info = readModuleInfo(await readFile(join(root, path)));
    if (info !== null) all.push({ path, info: { ...info, name: moduleName(basename(path, '.ko')) } });
  }
  if (all.length === 0) {
    throw new FormworkError('terminal', 'package-content', `no module that is not compressed below ${root}`);
  }
  for (const name of moduleNames) wanted.add(name);
  const { modules, missing } = selectModules(all, [...wanted]);
  const { dep, alias } = moduleIndex(modules);
  const below = (path: string): string => `lib/modules/${release}/${path}`;
  const file = (path: string, data: Uint8Array): CpioEntry => ({ kind: 'file', path: below(path), mode: 0o644, data });
  const entries = await Promise.all(
    modules.map(async ({ path }) => file(path, await readFile(await inside(root, path)))),
  );
  return {
    entries: [...entries, file('modules.dep', Buffer.from(dep)), file('modules.alias', Buffer.from(alias))],
    missing,
  };
}

/** A package's link out of its own tree would read a file of this host. */
async function inside(root: string, path: string): Promise<string> {
  const real = await realpath(join(root, path));
  if (relative(await realpath(root), real).startsWith('..')) {
    throw new FormworkError('terminal', 'package-content', `${path} leads out of the package`);
  }
  return real;
}
