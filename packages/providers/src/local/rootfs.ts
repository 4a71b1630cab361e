/**
 * Root file systems of the images, built once and kept in the cache: `<images>/<hash>/rootfs`, the hash being of
 * everything that goes into one. A build is a process of its own under a file lock that the kernel drops with it:
 * all nodes and all workers of the host wait for the same one, and it survives the worker that started it.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { arch as nodeArch } from 'node:os';
import { join } from 'node:path';
import type { ProviderFailure } from '../contract.ts';
import type { AptSources } from './apt-sources.ts';
import { cleanEnvironment } from './client.ts';
import type { ImageConfiguration } from './configuration.ts';
import { localFailures } from './errors.ts';
import { imageScript } from './image-script.ts';
import { exists, readText } from './node-record.ts';
import type { Site } from './site.ts';

export type ImageState =
  | { readonly state: 'ready'; readonly rootfs: string }
  | { readonly state: 'building'; readonly progress: string }
  | { readonly state: 'failed'; readonly failure: ProviderFailure };

export interface ImageStore {
  /** Where the image stands; starts its build when nobody has. */
  ensure(name: string, image: ImageConfiguration, signal: AbortSignal): Promise<ImageState>;
  /** Ends the builds this process started. */
  close(): Promise<void>;
}

/** How long a failed build is reported before the next call starts another. */
const failureKeptMs = 5000;

export function openImageStore(site: Site, sources: AptSources): ImageStore {
  const directory = site.directories.images;
  const builds = new Map<string, { readonly pid: number; readonly ended: Promise<void> }>();

  const build = async (target: string, script: string): Promise<void> => {
    await mkdir(directory, { recursive: true });
    const log = openSync(`${target}.log`, 'a', 0o600);
    try {
      // The namespaces take every process and every mount of the build with them, however it ends.
      const isolated = ['unshare', '--mount', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'];
      const child = spawn(
        'flock',
        ['-n', '-E', '75', `${target}.lock`, ...isolated, 'sh', '-c', script, 'image', target],
        {
          detached: true,
          stdio: ['ignore', log, log],
          cwd: '/',
          env: cleanEnvironment,
        },
      );
      const ended = new Promise<void>((resolve) => {
        child.once('error', () => resolve());
        child.once('exit', () => resolve());
      });
      if (child.pid === undefined) return;
      child.unref();
      builds.set(target, { pid: child.pid, ended });
      void ended.then(() => builds.delete(target));
    } finally {
      closeSync(log);
    }
  };

  return {
    async ensure(name, image, signal) {
      const script = imageScript(image, await sources.of(image.suite, signal));
      const hash = createHash('sha256').update(`${nodeArch()}\n${script}`).digest('hex').slice(0, 16);
      const target = join(directory, `${image.suite}-${hash}`);
      if (await exists(join(target, 'rootfs'))) return { state: 'ready', rootfs: join(target, 'rootfs') };
      if (builds.has(target) || (await isLocked(site, `${target}.lock`, signal))) {
        return { state: 'building', progress: `building image ${name}: ${await lastStep(`${target}.log`)}` };
      }
      const failedAt = await stat(`${target}.failed`).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      );
      if (Date.now() - failedAt < failureKeptMs) {
        const log = ((await readText(`${target}.log`)) ?? '').trim().slice(-600);
        return { state: 'failed', failure: localFailures.imageFailed(name, log) };
      }
      site.log('building image', { image: name, target });
      await build(target, script);
      return { state: 'building', progress: `building image ${name}` };
    },
    async close() {
      const own = [...builds];
      for (const [target, { pid, ended }] of own) {
        try {
          process.kill(-pid, 'SIGKILL');
        } catch {
          // It just ended.
        }
        await ended;
        await rm(`${target}.building`, { recursive: true, force: true });
      }
    },
  };
}

async function isLocked(site: Site, lock: string, signal: AbortSignal): Promise<boolean> {
  if (!(await exists(lock))) return false;
  return (await site.run('flock', ['-n', '-E', '75', lock, 'true'], { signal, allow: [75] })).code === 75;
}

async function lastStep(log: string): Promise<string> {
  const lines = ((await readText(log)) ?? '').split('\n');
  const step = lines.findLast((line) => /^(?:I|formwork): /.test(line));
  return step?.replace(/^(?:I|formwork): /, '') ?? 'starting';
}
