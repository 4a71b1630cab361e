import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedImage } from './seed-image.ts';

const mib = 1024 * 1024;
const missing = (['mtype', 'fsck.vfat', 'blkid'] as const).filter(
  (name) => spawnSync(name, ['--version']).error !== undefined,
);
let directory = '';
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'formwork-seed-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

const fileName = fc.stringMatching(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,60}[A-Za-z0-9_-]$/);

describe.skipIf(missing.length > 0)(`the seed as others read it (needs mtools, dosfstools, util-linux)`, () => {
  const written = (files: Record<string, string | Uint8Array>): string => {
    const file = path.join(directory, 'seed.img');
    writeFileSync(file, seedImage(files, mib));
    return file;
  };
  const read = (file: string, name: string): Buffer => execFileSync('mtype', ['-i', file, `::/${name}`]);

  it('is a file system without a fault, and labelled as NoCloud wants it', () => {
    const file = written({ 'meta-data': '{}\n', 'user-data': '#!/bin/sh\n', empty: '' });
    expect(execFileSync('fsck.vfat', ['-n', file], { encoding: 'utf8' })).not.toMatch(/differ|free|wrong|dirty/i);
    const fields = execFileSync('blkid', ['-p', '-o', 'export', file], { encoding: 'utf8' });
    expect(fields).toContain('LABEL=CIDATA\n');
    expect(fields).toContain('TYPE=vfat\n');
  });

  it('gives every file back, whatever is in it', () => {
    const files = fc.dictionary(fileName, fc.uint8Array({ maxLength: 3000 }), {
      minKeys: 1,
      maxKeys: 6,
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(files, (some) => {
        // vfat does not tell names by case.
        fc.pre(new Set(Object.keys(some).map((name) => name.toLowerCase())).size === Object.keys(some).length);
        const file = written(some);
        execFileSync('fsck.vfat', ['-n', file]);
        for (const [name, content] of Object.entries(some)) expect([...read(file, name)]).toEqual([...content]);
      }),
      { numRuns: 15 },
    );
  });

  it('holds a file that fills it', () => {
    const large = Buffer.alloc(950 * 1000, 'x');
    expect(read(written({ first: 'a', large }), 'large').equals(large)).toBe(true);
  });
});

describe('the seed', () => {
  it('is the same for the same files', () => {
    const files = { 'meta-data': 'a', 'user-data': 'b' };
    expect(Buffer.from(seedImage(files, mib)).equals(seedImage(files, mib))).toBe(true);
  });

  it('refuses what does not fit, and names that are none', () => {
    expect(() => seedImage({ large: Buffer.alloc(mib) }, mib)).toThrow('large is too much');
    expect(() => seedImage({ '../etc/shadow': '' }, mib)).toThrow('"../etc/shadow" is no name');
    expect(() => seedImage({}, 1000)).toThrow('whole sectors');
    const many = Object.fromEntries(Array.from({ length: 1200 }, (_, index) => [`file-${index}`, '']));
    expect(() => seedImage(many, mib)).toThrow('too many');
  });
});
