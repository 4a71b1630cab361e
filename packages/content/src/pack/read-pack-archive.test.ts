import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type Header, pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { packLimits } from './pack-limits.ts';
import { readPackArchive } from './read-pack-archive.ts';

type HeaderArgument = Partial<Header> & Pick<Header, 'name'>;
type Entry = readonly [HeaderArgument, string?];

async function tar(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const [header, body] of entries) archive.entry(header, body ?? '');
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) if (chunk instanceof Uint8Array) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const codes = async (archive: Uint8Array): Promise<string[]> => {
  const result = await readPackArchive(archive);
  return result.ok ? [] : result.problems.map((problem) => problem.code);
};

describe('readPackArchive', () => {
  const files: Entry[] = [
    [{ name: './etcd/', type: 'directory' }],
    [{ name: './etcd/pack.yaml' }, 'name: etcd\n'],
    [{ name: './etcd/roles/a-b/apply.sh', mode: 0o755 }, '#!/bin/sh\n'],
    [{ name: './etcd/.git/config' }, 'x'],
  ];
  const wanted = { 'pack.yaml': 'name: etcd\n', 'roles/a-b/apply.sh': '#!/bin/sh\n' };

  it('reads tar and gzipped tar, whole or in pieces, without the folder around', async () => {
    const plain = await tar(files);
    expect(await readPackArchive(plain)).toEqual({ ok: true, value: wanted });
    const zipped = gzipSync(plain);
    expect(await readPackArchive(zipped)).toEqual({ ok: true, value: wanted });
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < zipped.length; at += 7) yield await Promise.resolve(zipped.subarray(at, at + 7));
    }
    expect(await readPackArchive(pieces())).toEqual({ ok: true, value: wanted });
  });

  it.each([
    ['a way out', { name: '../etc/passwd' }, 'unsafe-path'],
    ['a way out inside', { name: 'roles/../../x' }, 'unsafe-path'],
    ['an absolute path', { name: '/etc/passwd' }, 'unsafe-path'],
    ['a Windows path', { name: 'C:\\x' }, 'unsafe-path'],
    ['a symbolic link', { name: 'a', type: 'symlink', linkname: '/etc/shadow' }, 'not-a-file'],
    ['a hard link', { name: 'a', type: 'link', linkname: 'pack.yaml' }, 'not-a-file'],
    ['a device', { name: 'a', type: 'character-device' }, 'not-a-file'],
    ['a pipe', { name: 'a', type: 'fifo' }, 'not-a-file'],
    ['a name twice', { name: 'pack.yaml' }, 'duplicate-file'],
  ] satisfies [string, HeaderArgument, string][])('refuses %s', async (_what, header, code) => {
    expect(await codes(await tar([[{ name: 'pack.yaml' }, 'name: x'], [header]]))).toEqual([code]);
  });

  it('refuses what is too large, also once unpacked, and what is no text', async () => {
    expect(await codes(await tar([[{ name: 'a' }, 'x'.repeat(packLimits.fileBytes + 1)]]))).toEqual(['too-large']);
    expect(await codes(await tar([[{ name: 'a' }, 'x\0y']]))).toEqual(['not-text']);
    const many = Array.from({ length: packLimits.files + 1 }, (_, i): Entry => [{ name: `f${i}` }, 'x']);
    expect(await codes(await tar(many))).toEqual(['too-large']);
    expect(await codes(gzipSync(Buffer.alloc(64 * 1024 * 1024)))).toEqual(['bad-archive']);
  });

  it('answers any bytes with problems, never an exception', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), fc.boolean(), async (bytes, zip) => {
        expect((await codes(zip ? gzipSync(bytes) : bytes)).length).toBeGreaterThan(0);
      }),
    );
    const good = await tar(files);
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), async (at, byte) => {
        const bad = Buffer.from(good);
        bad[at] = byte;
        await readPackArchive(bad);
        await readPackArchive(good.subarray(0, at));
      }),
    );
  });
});
