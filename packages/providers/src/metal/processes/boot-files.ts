import { copyFile, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { BootImage } from '../http-boot/boot-script.ts';

/** iPXE for firmware that has none, where the distribution's package `ipxe` puts it. */
const loaders = ['undionly.kpxe', 'snponly.efi', 'ipxe.efi'];
const loaderDirectory = '/usr/lib/ipxe';

/** Puts the loaders into the boot directory that are not there; answers the names of those that cannot be had. */
export async function provideLoaders(boot: string): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const name of loaders) {
    const target = path.join(boot, name);
    if (await exists(target)) continue;
    try {
      // Renamed into place: what is served is whole.
      await copyFile(path.join(loaderDirectory, name), `${target}.new`);
      await rename(`${target}.new`, target);
    } catch {
      missing.push(name);
    }
  }
  return missing;
}

const manifest = z.object({ arguments: z.array(z.string().max(200)).max(64).catch([]) });

/**
 * The discovery image in `boot/discovery`, if there is one: `vmlinuz`, `initrd`, and the kernel's arguments in
 * `discovery.json`. Paths are as machines ask for them.
 */
export async function readDiscoveryImage(boot: string): Promise<BootImage | null> {
  const directory = path.join(boot, 'discovery');
  const there = await Promise.all(['vmlinuz', 'initrd'].map((name) => exists(path.join(directory, name))));
  if (there.includes(false)) return null;
  const text = await readFile(path.join(directory, 'discovery.json'), 'utf8').catch(() => '{}');
  return {
    kernel: 'files/discovery/vmlinuz',
    initrd: 'files/discovery/initrd',
    arguments: argumentsIn(text),
  };
}

function argumentsIn(text: string): readonly string[] {
  try {
    return manifest.parse(JSON.parse(text)).arguments;
  } catch {
    return [];
  }
}

/** A file that others read while it is replaced. */
export async function replaceFile(file: string, content: string | Uint8Array): Promise<void> {
  await writeFile(`${file}.new`, content, { mode: 0o644 });
  await rename(`${file}.new`, file);
}

const exists = async (file: string): Promise<boolean> =>
  await stat(file).then(
    (found) => found.isFile() && found.size > 0,
    () => false,
  );
