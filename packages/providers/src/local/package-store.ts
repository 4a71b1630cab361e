/** Files fetched once and kept, whole, up to a total size; the one used longest ago goes first. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

export interface PackageStore {
  /** Path of the file for `url`, fetched by `fetch` into a path of its own when it is not there. One fetch at a time for a URL. */
  file(url: string, fetch: (into: string) => Promise<void>): Promise<string>;
}

export function packageStore(directory: string, maxBytes: number): PackageStore {
  const fetching = new Map<string, Promise<string>>();

  const keepWithin = async (kept: string): Promise<void> => {
    const names = (await readdir(directory)).filter((name) => name.endsWith('.deb'));
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(directory, name);
        const found = await stat(path).catch(() => null);
        return { path, bytes: found?.size ?? 0, usedMs: found?.mtimeMs ?? 0 };
      }),
    );
    let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { path, bytes } of files.sort((a, b) => a.usedMs - b.usedMs)) {
      if (total <= maxBytes) return;
      if (path === kept) continue;
      await rm(path, { force: true });
      total -= bytes;
    }
  };

  const obtain = async (path: string, fetch: (into: string) => Promise<void>): Promise<string> => {
    const now = new Date();
    const present = await utimes(path, now, now).then(
      () => true,
      () => false,
    );
    if (present) return path;
    await mkdir(directory, { recursive: true });
    const fresh = `${path}.${randomUUID()}.part`;
    try {
      await fetch(fresh);
      await rename(fresh, path);
    } finally {
      await rm(fresh, { force: true });
    }
    await keepWithin(path);
    return path;
  };

  return {
    async file(url, fetch) {
      const path = join(directory, `${createHash('sha256').update(url).digest('hex')}.deb`);
      const running = fetching.get(path);
      if (running !== undefined) return await running;
      const started = obtain(path, fetch).finally(() => fetching.delete(path));
      fetching.set(path, started);
      return await started;
    },
  };
}
