import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type CpioEntry, padTo, packCpio } from './cpio.ts';

const file = (path: string, data: string, mode = 0o644): CpioEntry => ({
  kind: 'file',
  path,
  mode,
  data: Buffer.from(data),
});

it('another cpio unpacks what was packed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'formwork-cpio-'));
  try {
    const archive = packCpio([
      file('bin/tool', '#!/bin/sh\n', 0o755),
      file('etc/a name', 'x'.repeat(4097)),
      { kind: 'link', path: 'bin/sh', target: 'tool' },
      { kind: 'directory', path: 'run', mode: 0o700 },
    ]);
    execFileSync('busybox', ['cpio', '-i', '-d', '-m'], {
      cwd: directory,
      input: archive,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    expect(readFileSync(join(directory, 'etc/a name'), 'utf8')).toBe('x'.repeat(4097));
    expect(statSync(join(directory, 'bin/tool')).mode & 0o777).toBe(0o755);
    expect(statSync(join(directory, 'run')).mode & 0o777).toBe(0o700);
    expect(readlinkSync(join(directory, 'bin/sh'))).toBe('tool');
    expect(statSync(join(directory, 'bin/tool')).mtimeMs).toBe(0);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

it('the order of the entries makes no difference', () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}(\/[a-z]{1,4}){0,2}$/), { maxLength: 8 });
  fc.assert(
    fc.property(names, (paths) => {
      const entries = paths
        .filter((path) => !paths.some((other) => other.startsWith(`${path}/`)))
        .map((path) => file(path, path));
      expect(packCpio([...entries].reverse()).equals(packCpio(entries))).toBe(true);
    }),
  );
});

it.each(['', '/etc/passwd', '../up', 'a//b', 'a/./b'])('%j is no path in an archive', (path) => {
  expect(() => packCpio([file(path, '')])).toThrow(RangeError);
});

it('pads to a multiple with zeros', () => {
  expect(padTo(Buffer.from('abcde'), 4)).toEqual(Buffer.from('abcde\0\0\0'));
  expect(padTo(Buffer.from('abcd'), 4)).toEqual(Buffer.from('abcd'));
});
