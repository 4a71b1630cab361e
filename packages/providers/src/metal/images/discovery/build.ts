/**
 * The discovery image: kernel and initrd. The initrd is the agent with the site's key, not compressed, and behind it what
 * comes from packages. The same packages, agent and key make the same octets.
 */
import { createHash, type KeyObject } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CpioEntry, padTo, packCpio } from '../archive/cpio.ts';
import type { RunTool } from '../run-tool.ts';
import { agentEntries } from './agent-entries.ts';
import { type BaseOptions, openBase } from './base.ts';
import { siteKeyArchive } from './site-key.ts';

export interface DiscoveryOptions extends BaseOptions {
  readonly output: string;
  /** The agent refuses tasks that this key has not signed; with null it refuses all. */
  readonly siteKey: KeyObject | null;
}

interface BuiltFile {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** What `discovery.json` says, beside the files. */
export interface BuiltDiscoveryImage {
  readonly kernel: BuiltFile;
  readonly initrd: BuiltFile;
  /** For the kernel's command line, beside what the boot script adds. */
  readonly arguments: readonly string[];
  readonly kernelRelease: string;
  readonly siteKey: boolean;
  readonly packages: Readonly<Record<string, string>>;
  readonly missingModules: readonly string[];
}

/** Serial and screen; a panic starts the machine again, so that nothing hangs for ever. */
const kernelArguments = ['quiet', 'console=tty0', 'console=ttyS0,115200', 'panic=30', 'net.ifnames=0'];

const folders = ['dev', 'proc', 'sys', 'run', 'tmp', 'mnt'];

interface Deps {
  readonly run: RunTool;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

export async function buildDiscoveryImage(options: DiscoveryOptions, deps: Deps): Promise<BuiltDiscoveryImage> {
  const base = await openBase(options, deps);
  const directories = folders.map((path): CpioEntry => ({ kind: 'directory', path, mode: 0o755 }));
  const shell: CpioEntry = { kind: 'link', path: 'bin/sh', target: 'dash' };
  const agent = padTo(packCpio([...directories, shell, ...(await agentEntries())]), 4);
  const initrd = Buffer.concat([
    agent,
    ...(options.siteKey === null ? [] : [siteKeyArchive(options.siteKey)]),
    base.archive,
  ]);
  await mkdir(options.output, { recursive: true });
  const put = async (file: string, data: Buffer): Promise<BuiltFile> => {
    await writeFile(join(options.output, file), data);
    return { file, sha256: createHash('sha256').update(data).digest('hex'), bytes: data.length };
  };
  const image: BuiltDiscoveryImage = {
    kernel: await put('vmlinuz', base.kernel),
    // Padded, so that a site's key may be put behind it.
    initrd: await put('initrd', padTo(initrd, 4)),
    arguments: kernelArguments,
    kernelRelease: base.release,
    siteKey: options.siteKey !== null,
    packages: base.versions,
    missingModules: base.missingModules,
  };
  await put('discovery.json', Buffer.from(`${JSON.stringify(image, null, 2)}\n`));
  return image;
}
