/**
 * The part of the image that comes from packages, made once for each kernel and kept: fetching and packing takes a minute,
 * while the agent and a site's key are put in front of it in no time.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { packCpio } from '../archive/cpio.ts';
import type { RunTool } from '../run-tool.ts';
import { findKernel, moduleEntries, programEntries } from './base-entries.ts';
import { type Kernel, kernelPackage, moduleNames, programs, suite } from './contents.ts';
import { unpackPackages } from './packages.ts';

const described = z.object({
  release: z.string(),
  versions: z.record(z.string(), z.string()),
  missingModules: z.array(z.string()),
});

export interface ImageBase extends z.infer<typeof described> {
  readonly kernel: Buffer;
  /** A compressed archive. */
  readonly archive: Buffer;
}

export interface BaseOptions {
  readonly kernel: Kernel;
  readonly mirror: string | null;
  readonly cache: string;
  /** Fetch the packages even where the cache has them: the mirror may have newer ones. */
  readonly refresh: boolean;
}

interface Deps {
  readonly run: RunTool;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

export async function openBase(options: BaseOptions, deps: Deps): Promise<ImageBase> {
  const { kernel, mirror, cache } = options;
  const inputs = JSON.stringify([1, suite, kernelPackage[kernel], mirror, programs, moduleNames]);
  const directory = join(cache, `discovery-${createHash('sha256').update(inputs).digest('hex').slice(0, 16)}`);
  if (!options.refresh) {
    const kept = await readBase(directory);
    if (kept !== null) return kept;
  }
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'building-'));
  try {
    await buildBase(work, options, deps);
    await rm(join(work, 'tree'), { recursive: true, force: true });
    // Whoever builds the same beside us has the same in it.
    await rm(directory, { recursive: true, force: true });
    await rename(work, directory);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const built = await readBase(directory);
  if (built === null) throw new Error(`${directory} was removed while it was made`);
  return built;
}

async function readBase(directory: string): Promise<ImageBase | null> {
  const description = await readFile(join(directory, 'base.json'), 'utf8').catch(() => null);
  if (description === null) return null;
  const [kernel, archive] = await Promise.all([
    readFile(join(directory, 'vmlinuz')),
    readFile(join(directory, 'base.cpio.zst')),
  ]);
  return { ...described.parse(JSON.parse(description)), kernel, archive };
}

async function buildBase(work: string, { kernel, mirror }: BaseOptions, { run, log, signal }: Deps): Promise<void> {
  log(`fetching ${kernelPackage[kernel]} and ${Object.keys(programs).length} packages of ${suite}`);
  const tree = await unpackPackages(work, { kernel, mirror }, { run, signal });
  const { release, image } = await findKernel(tree.root);
  const modules = await moduleEntries(tree.root, release);
  const archive = join(work, 'base.cpio');
  await writeFile(archive, packCpio([...(await programEntries(tree.root)), ...modules.entries]));
  log(`packing programs and ${modules.entries.length - 2} modules of kernel ${release}`);
  // The zstd of the packages: what it writes depends on its version, which is then one of the inputs.
  const loader = join(tree.root, 'lib64/ld-linux-x86-64.so.2');
  const libraries = ['lib', 'usr/lib'].map((folder) => join(tree.root, folder, 'x86_64-linux-gnu')).join(':');
  const zstd = [loader, '--library-path', libraries, join(tree.root, 'usr/bin/zstd')] as const;
  await run(zstd[0], [...zstd.slice(1), '-19', '-T0', '-q', '--rm', '-o', `${archive}.zst`, archive], signal);
  await writeFile(join(work, 'vmlinuz'), image);
  const description = { release, versions: tree.versions, missingModules: modules.missing };
  await writeFile(join(work, 'base.json'), `${JSON.stringify(description, null, 2)}\n`);
}
