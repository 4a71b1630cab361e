import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageStore } from './package-store.ts';

describe('the package store', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'formwork-packages-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('fetches a package once for all who ask, even at once', async () => {
    const store = packageStore(directory, 1000);
    let fetches = 0;
    const ask = () =>
      store.file('http://mirror/pool/a.deb', async (into) => {
        fetches += 1;
        await writeFile(into, 'package');
      });
    const paths = await Promise.all([ask(), ask(), ask()]);
    expect(new Set([...paths, await ask()]).size).toBe(1);
    expect(fetches).toBe(1);
    await expect(readFile(paths[0], 'utf8')).resolves.toBe('package');
  });

  it('keeps nothing of a fetch that failed, and fetches again', async () => {
    const store = packageStore(directory, 1000);
    const broken = store.file('http://mirror/pool/a.deb', async (into) => {
      await writeFile(into, 'pack');
      throw new Error('cut off');
    });
    await expect(broken).rejects.toThrow('cut off');
    await expect(readdir(directory)).resolves.toEqual([]);
    await store.file('http://mirror/pool/a.deb', (into) => writeFile(into, 'package'));
    await expect(readdir(directory)).resolves.toHaveLength(1);
  });

  it('stays within its size, and keeps what was just fetched', async () => {
    const store = packageStore(directory, 10);
    for (const name of ['a', 'b', 'c']) {
      const path = await store.file(`http://mirror/pool/${name}.deb`, (into) => writeFile(into, '123456'));
      await expect(readFile(path, 'utf8')).resolves.toBe('123456');
    }
    await expect(readdir(directory)).resolves.toHaveLength(1);
  });
});
