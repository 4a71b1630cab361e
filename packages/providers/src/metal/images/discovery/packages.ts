import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunTool } from '../run-tool.ts';
import { type Kernel, kernelPackage, programs, suite } from './contents.ts';

/** The packages unpacked, not installed: nothing of them was run. */
export interface PackageTree {
  readonly root: string;
  /** Version by name, of everything that was unpacked. */
  readonly versions: Readonly<Record<string, string>>;
}

interface Deps {
  readonly run: RunTool;
  readonly signal: AbortSignal;
}

/** `deb` lines, or none: then Debian's own mirror with its updates. */
export async function unpackPackages(
  directory: string,
  { kernel, mirror }: { readonly kernel: Kernel; readonly mirror: string | null },
  { run, signal }: Deps,
): Promise<PackageTree> {
  const root = join(directory, 'tree');
  const list = join(directory, 'packages');
  await run(
    'mmdebstrap',
    [
      ...['--mode=auto', '--variant=extract', '--format=directory', '--skip=check/empty'],
      ...['--aptopt=Acquire::Languages "none"', '--aptopt=APT::Install-Recommends "false"'],
      '--aptopt=Acquire::Retries "3"',
      `--include=${[kernelPackage[kernel], ...Object.keys(programs)].join(',')}`,
      // dpkg has no list of what was only unpacked; the archives' names have the versions.
      `--extract-hook=ls "$1/var/cache/apt/archives" >'${list.replaceAll("'", "'\\''")}'`,
      ...[suite, root],
      ...(mirror === null ? [] : [mirror]),
    ],
    signal,
  );
  return { root, versions: readVersions(await readFile(list, 'utf8')) };
}

/** From names as `libssl3_3.0.17-1~deb12u2_amd64.deb`; a `%3a` stands for the colon of an epoch. */
export function readVersions(listing: string): Readonly<Record<string, string>> {
  const found = listing.split('\n').flatMap((line) => {
    const [name, version] = line.replace(/\.deb$/, '').split('_');
    return line.endsWith('.deb') && name !== undefined && version !== undefined
      ? [[name, version.replaceAll('%3a', ':')] as const]
      : [];
  });
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}
