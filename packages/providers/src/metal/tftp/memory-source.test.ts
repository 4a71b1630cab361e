import { expect, it } from 'vitest';
import { createBlockCache } from './block-cache.ts';
import { readName } from './file-name.ts';
import { memorySource } from './memory-source.ts';
import { firstOf, type OpenFile, type Source } from './source.ts';

const peer = { address: '10.77.0.100', port: 1024 };
const nameOf = (text: string) => {
  const read = readName(text);
  if (!read.ok) throw new Error(read.why);
  return read.name;
};
const script = memorySource((name, { address }) =>
  name.ofMachine === null ? null : Buffer.from(`${name.ofMachine.mac} at ${address} asks for ${name.ofMachine.path}`),
);

it('is rendered for who asks, and is not there for others', async () => {
  const opened = await script.open(nameOf('/52-54-00-77-00-01/boot.ipxe'), peer);
  if (opened.kind !== 'opened') throw new Error(opened.kind);
  const { sizeBytes } = opened.file;
  expect(Buffer.from(await opened.file.read(0, sizeBytes)).toString()).toBe(
    '52:54:00:77:00:01 at 10.77.0.100 asks for boot.ipxe',
  );
  await expect(opened.file.read(sizeBytes, 1)).rejects.toThrow(RangeError);
  expect(await script.open(nameOf('boot.ipxe'), peer)).toEqual({ kind: 'not-found' });
});

it('stands before or behind other sources; who denies a name has the last word', async () => {
  const denying: Source = { open: () => Promise.resolve({ kind: 'denied', why: 'not this one' }) };
  const name = nameOf('boot.ipxe');
  expect(await firstOf([script, denying]).open(name, peer)).toMatchObject({ kind: 'denied' });
  expect(await firstOf([script]).open(name, peer)).toEqual({ kind: 'not-found' });
  const own = nameOf('52-54-00-77-00-01/boot.ipxe');
  expect(await firstOf([script, denying]).open(own, peer)).toMatchObject({ kind: 'opened' });
});

/** A file of so many octets that counts how often it is read. */
function counted(sizeBytes: number, identity: string | null) {
  const reads: number[] = [];
  const file: OpenFile = {
    sizeBytes,
    identity,
    read: (offset, length) => {
      reads.push(offset);
      return Promise.resolve(Buffer.alloc(length, offset % 251));
    },
    close: () => Promise.resolve(),
  };
  return { file, reads };
}

it('is read once for all transfers of the same file, and its memory stays within the limit', async () => {
  const limit = 3 * 2 ** 20;
  const cache = createBlockCache(limit);
  const { file, reads } = counted(20 * 2 ** 20, 'one');
  const readers = [cache.reader(file, 1468), cache.reader(file, 1468)];
  const blocks = Math.floor(file.sizeBytes / 1468) + 1;
  for (let block = 1; block <= blocks; block += 1) {
    for (const reader of readers) {
      if (reader.packet(block) === null) await reader.load(block);
      const packet = reader.packet(block);
      expect(packet?.[1]).toBe(3);
      expect((((packet?.[2] ?? 0) << 8) | (packet?.[3] ?? 0)) === (block & 0xffff)).toBe(true);
    }
    expect(cache.bytes()).toBeLessThanOrEqual(limit);
  }
  expect(new Set(reads).size).toBe(reads.length);
});

it('is shared with nobody when it has no identity, and a failed read is tried again', async () => {
  const cache = createBlockCache(2 ** 20);
  const { file, reads } = counted(10, null);
  await cache.reader(file, 512).load(1);
  await cache.reader(file, 512).load(1);
  expect(reads).toEqual([0, 0]);
  let fails = true;
  const flaky: OpenFile = {
    ...file,
    identity: 'flaky',
    read: (offset, length) => (fails ? Promise.reject(new Error('disk')) : file.read(offset, length)),
  };
  const reader = cache.reader(flaky, 512);
  await expect(reader.load(1)).rejects.toThrow('disk');
  fails = false;
  await reader.load(1);
  expect(reader.packet(1)?.length).toBe(14);
});
