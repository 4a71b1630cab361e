import fc from 'fast-check';
import { expect, it } from 'vitest';
import { blockSizeOfMtu, negotiate } from './negotiate.ts';

const limits = { maxBlockSize: 1468, maxWindowSize: 64 };

it('grants nothing that was not asked', () => {
  expect(negotiate([], 9000, limits)).toEqual({ blockSize: 512, windowSize: 1, timeoutMs: null, granted: [] });
  expect(negotiate([['blksize', '1024']], 9000, limits).granted).toEqual([['blksize', '1024']]);
});

it('answers each option in the spelling of the client, and clamps what may be clamped', () => {
  const asked = [
    ['TSIZE', '0'],
    ['BlkSize', '65464'],
    ['windowsize', '1000'],
    ['timeout', '3'],
  ] as const;
  expect(negotiate(asked, 52_428_800, limits)).toEqual({
    blockSize: 1468,
    windowSize: 64,
    timeoutMs: 3000,
    granted: [
      ['TSIZE', '52428800'],
      ['BlkSize', '1468'],
      ['windowsize', '64'],
      ['timeout', '3'],
    ],
  });
});

it.each([
  ['blksize', '7'],
  ['blksize', '65465'],
  ['blksize', '1e3'],
  ['blksize', ''],
  ['blksize', '-512'],
  ['timeout', '0'],
  ['timeout', '256'],
  ['windowsize', '0'],
  ['windowsize', '65536'],
  ['utimeout', '100'],
  ['multicast', ''],
  ['__proto__', '1'],
])('leaves %s=%s unanswered', (name, value) => {
  expect(negotiate([[name, value]], 1, limits)).toMatchObject({ blockSize: 512, windowSize: 1, granted: [] });
});

it('lets the first of two equal options hold', () => {
  const { blockSize, granted } = negotiate(
    [
      ['blksize', '600'],
      ['BLKSIZE', '700'],
    ],
    1,
    limits,
  );
  expect({ blockSize, granted }).toEqual({ blockSize: 600, granted: [['blksize', '600']] });
});

it('makes blocks that fit the packets of the path', () => {
  expect(blockSizeOfMtu(1500, 4)).toBe(1468);
  expect(blockSizeOfMtu(1500, 6)).toBe(1448);
});

it('property: whatever is asked, what holds is within the limits', () => {
  const option = fc.tuple(
    fc.oneof(fc.constantFrom('blksize', 'tsize', 'timeout', 'windowsize'), fc.string()),
    fc.oneof(fc.string(), fc.integer().map(String)),
  );
  fc.assert(
    fc.property(fc.array(option), fc.nat(), (asked, size) => {
      const { blockSize, windowSize, timeoutMs, granted } = negotiate(asked, size, limits);
      expect(blockSize).toBeGreaterThanOrEqual(8);
      expect(blockSize).toBeLessThanOrEqual(1468);
      expect(windowSize).toBeGreaterThanOrEqual(1);
      expect(windowSize).toBeLessThanOrEqual(64);
      expect(timeoutMs ?? 1000).toBeGreaterThanOrEqual(1000);
      for (const [name] of granted) expect(asked.map(([given]) => given)).toContain(name);
    }),
  );
});
