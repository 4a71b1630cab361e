import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readName } from './file-name.ts';

const pathOf = (octets: string): string => {
  const read = readName(octets);
  return read.ok ? read.name.path : `refused: ${read.why}`;
};

describe('names of old ROMs and odd clients', () => {
  it.each([
    ['snponly.efi', 'snponly.efi'],
    ['/snponly.efi', 'snponly.efi'],
    ['//a///b/./c', 'a/b/c'],
    ['undionly.kpxe\xff', 'undionly.kpxe'],
    ['undionly.kpxe\xff\xff', 'undionly.kpxe'],
    ['\\Boot\\BCD', 'Boot/BCD'],
    ['C:\\Boot\\BCD', 'Boot/BCD'],
    ['/c:/x', 'x'],
    ['%2e%2e/x', '%2e%2e/x'],
    ['caf\xc3\xa9', 'café'],
  ])('%j is %s', (asked, name) => {
    expect(pathOf(asked)).toBe(name);
  });
});

describe('what leaves the root, or is no name', () => {
  it.each([
    ['../../etc/shadow', 'leaves-the-root'],
    ['/../etc/shadow', 'leaves-the-root'],
    ['a/../b', 'leaves-the-root'],
    ['..\\..\\etc\\shadow', 'leaves-the-root'],
    ['C:..\\x', 'leaves-the-root'],
    ['..', 'leaves-the-root'],
    ['..\xff', 'leaves-the-root'],
    ['', 'empty'],
    ['/', 'empty'],
    ['\xff', 'empty'],
    ['./.', 'empty'],
    ['a\nb', 'control-character'],
    ['\x1b[2Ja', 'control-character'],
    ['a\xc2\x85b', 'control-character'],
    ['a\xfe\xfeb', 'not-text'],
    ['a'.repeat(300), 'too-long'],
    [`${'a/'.repeat(300)}b`, 'too-long'],
  ])('%j is refused: %s', (asked, why) => {
    expect(readName(asked)).toEqual({ ok: false, why });
  });
});

describe('names of one machine', () => {
  it.each([
    ['52-54-00-77-00-01/snponly.efi', '52:54:00:77:00:01', 'snponly.efi'],
    ['52:54:00:77:00:01/a/b', '52:54:00:77:00:01', 'a/b'],
    ['/01-52-54-00-77-AA-01/x', '52:54:00:77:aa:01', 'x'],
  ])('%s', (asked, mac, rest) => {
    const read = readName(asked);
    expect(read.ok && read.name.ofMachine).toEqual({ mac, path: rest });
  });

  it.each(['52-54:00-77-00-01/x', '52-54-00-77-00/x', '52-54-00-77-00-01', 'pxelinux.cfg/01-52-54-00-77-00-01'])(
    '%s is none',
    (asked) => {
      const read = readName(asked);
      expect(read.ok && read.name.ofMachine).toBeNull();
    },
  );
});

it('property: a name that is accepted stays below every root', () => {
  const piece = fc.constantFrom('..', '.', '/', '\\', 'a', 'C:', '\0', '\xff', ' ', '...', '~');
  const octets = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    fc.array(fc.integer({ min: 1, max: 255 })).map((codes) => String.fromCharCode(...codes)),
  );
  fc.assert(
    fc.property(octets, (asked) => {
      const read = readName(asked);
      if (!read.ok) return;
      const resolved = path.posix.resolve('/srv/root', read.name.path);
      expect(resolved.startsWith('/srv/root/')).toBe(true);
      expect(resolved).toBe(`/srv/root/${read.name.path}`);
    }),
    { numRuns: 5000 },
  );
});
