import type { KeyObject } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { BootImage } from '../http-boot/boot-script.ts';
import { padTo } from '../images/archive/cpio.ts';
import { siteKeyArchive } from '../images/discovery/site-key.ts';

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

/**
 * Makes the site's discovery image of the one that was built for all sites of this host, `formwork image build discovery
 * --output <directory>`: with the site's key, so that its agents take the site's tasks. Nothing happens where none was built
 * or this one is there already; an image that somebody put into the boot directory by hand stays until one is built.
 */
export async function provideDiscoveryImage(built: string, boot: string, siteKey: KeyObject): Promise<void> {
  const source = await stat(path.join(built, 'initrd')).catch(() => null);
  if (source === null || !(await exists(path.join(built, 'vmlinuz')))) return;
  const directory = path.join(boot, 'discovery');
  const stamp = `${source.size} ${source.mtimeMs}\n`;
  const stampFile = path.join(directory, 'made-of');
  if ((await readFile(stampFile, 'utf8').catch(() => '')) === stamp) return;
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o755);
  const initrd = padTo(await readFile(path.join(built, 'initrd')), 4);
  await replaceFile(path.join(directory, 'vmlinuz'), await readFile(path.join(built, 'vmlinuz')));
  await replaceFile(path.join(directory, 'initrd'), Buffer.concat([initrd, siteKeyArchive(siteKey)]));
  const description = await readFile(path.join(built, 'discovery.json')).catch(() => '{}');
  await replaceFile(path.join(directory, 'discovery.json'), description);
  // Last: half of it is made anew the next time.
  await replaceFile(stampFile, stamp);
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
