/** An image from a distribution's packages: built, compressed, and described by a manifest. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { checkHost, searchPath } from './check-host.ts';
import { type ImageManifest, imageManifestSchema } from './image-manifest.ts';
import type { ImageOptions } from './image-options.ts';
import { imageIdentity, imageScript, kernelArguments, seedOffsetBytes, seedSizeBytes } from './image-script.ts';
import { runBuilder } from './run-builder.ts';

export interface BuiltImage {
  readonly manifest: ImageManifest;
  readonly manifestFile: string;
  /** False: it was there, of the same input. */
  readonly built: boolean;
}

/**
 * Puts `<name>.raw.zst` and `<name>.json` into the output directory, the manifest last: with it the image is whole. Errors:
 * `image-not-possible`, `image-build-failed`.
 */
export async function buildImage(
  options: ImageOptions,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<BuiltImage> {
  const { name, input } = options;
  const output = resolve(options.output);
  const manifestFile = join(output, `${name}.json`);
  const identity = imageIdentity(input);
  const present = options.rebuild ? null : await presentImage(output, manifestFile, identity, options.keepRaw);
  if (present !== null) return { manifest: present, manifestFile, built: false };
  const archiveTime = await checkHost(input, signal);
  await mkdir(output, { recursive: true });
  await removeAbandoned(output, name);
  const work = await mkdtemp(join(output, `.${name}-${process.pid}-`));
  try {
    const env = { SOURCE_DATE_EPOCH: String(archiveTime) };
    await runBuilder(imageScript(input, identity), work, join(output, `${name}.log`), env, onProgress, signal);
    onProgress('compressing');
    const raw = join(work, 'image.raw');
    const file = join(work, 'image.zst');
    // As many threads as were asked for, whatever the host has: the output depends on whether there are several.
    await promisify(execFile)('zstd', ['-q', '-6', '-T2', raw, '-o', file], { signal, env: { PATH: searchPath } });
    const manifest: ImageManifest = {
      version: 1,
      name,
      distribution: { suite: input.distribution.suite, sources: [...input.sources] },
      architecture: 'amd64',
      firmware: ['bios', 'uefi'],
      kernel: input.kernel,
      firstBoot: input.firstBoot,
      identity,
      raw: await measure(raw, signal),
      file: { name: `${name}.raw.zst`, ...(await measure(file, signal)), format: 'zstd' },
      seed: { offsetBytes: seedOffsetBytes, sizeBytes: seedSizeBytes },
      boot: { arguments: kernelArguments(identity) },
      packages: packagesOf(await readFile(join(work, 'packages'), 'utf8')),
    };
    const draft = join(work, 'manifest.json');
    await writeFile(draft, `${JSON.stringify(manifest, null, 2)}\n`);
    // An old manifest must not describe a new file.
    await rm(manifestFile, { force: true });
    await rename(file, join(output, manifest.file.name));
    if (options.keepRaw) await rename(raw, join(output, `${name}.raw`));
    await rename(draft, manifestFile);
    return { manifest, manifestFile, built: true };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Directories of builders that were killed: they are large. */
async function removeAbandoned(output: string, name: string): Promise<void> {
  for (const entry of await readdir(output)) {
    const pid = entry.startsWith(`.${name}-`) ? /^-(\d+)-[^-]*$/.exec(entry.slice(name.length + 1))?.[1] : undefined;
    if (pid === undefined || (await stat(`/proc/${pid}`).catch(() => null)) !== null) continue;
    await rm(join(output, entry), { recursive: true, force: true });
  }
}

/** The manifest of an image of this input whose files are whole; null: there is none. */
async function presentImage(
  output: string,
  manifestFile: string,
  identity: string,
  wantsRaw: boolean,
): Promise<ImageManifest | null> {
  const text = await readFile(manifestFile, 'utf8').catch(() => null);
  if (text === null) return null;
  const parsed = imageManifestSchema.safeParse(JSON.parse(text));
  if (!parsed.success || parsed.data.identity !== identity) return null;
  const { name, file, raw } = parsed.data;
  const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => null))?.size ?? 0;
  if ((await sizeOf(join(output, file.name))) !== file.bytes) return null;
  return wantsRaw && (await sizeOf(join(output, `${name}.raw`))) !== raw.bytes ? null : parsed.data;
}

async function measure(
  path: string,
  signal: AbortSignal,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash, { signal });
  return { bytes: (await stat(path)).size, sha256: hash.digest('hex') };
}

function packagesOf(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line !== '');
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']));
}
