/**
 * Writes a ustar archive (POSIX.1-1988), with GNU long names (type L) where 100 bytes do not do: GNU tar and busybox tar
 * both read it. Header of 512 bytes: name 0+100, mode 100+8, uid 108+8, gid 116+8, size 124+12, mtime 136+12,
 * checksum 148+8, type 156+1, magic 257+8; numbers are octal text.
 */
import { Buffer } from 'node:buffer';

export interface ArchiveFile {
  readonly path: string;
  readonly content: string;
}

const block = 512;

/** Files 0600 with their directories 0700, owned by root. Directories are made as the paths ask for them; pipes come first. */
export function tarArchive(
  files: readonly ArchiveFile[],
  directories: readonly string[] = [],
  pipes: readonly string[] = [],
): Buffer {
  const parts: Buffer[] = [];
  const made = new Set<string>();
  const makeDirectory = (path: string): void => {
    if (path === '' || made.has(path)) return;
    makeDirectory(parentOf(path));
    made.add(path);
    parts.push(...entry(`${path}/`, '5', Buffer.alloc(0)));
  };
  for (const directory of directories) makeDirectory(directory);
  for (const pipe of pipes) parts.push(...entry(pipe, '6', Buffer.alloc(0)));
  for (const file of files) {
    makeDirectory(parentOf(file.path));
    parts.push(...entry(file.path, '0', Buffer.from(file.content)));
  }
  parts.push(Buffer.alloc(2 * block));
  return Buffer.concat(parts);
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

function entry(path: string, type: '0' | '5' | '6' | 'L', content: Buffer): Buffer[] {
  const name = Buffer.from(path);
  const before = name.length > 100 ? entry('././@LongLink', 'L', Buffer.concat([name, Buffer.alloc(1)])) : [];
  const header = Buffer.alloc(block);
  name.copy(header, 0, 0, 100);
  const number = (value: number, at: number, width: number): void => {
    header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
  };
  number(type === '5' ? 0o700 : 0o600, 100, 8);
  number(0, 108, 8);
  number(0, 116, 8);
  number(content.length, 124, 12);
  number(0, 136, 12);
  header.write(type, 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return [...before, header, content, Buffer.alloc((block - (content.length % block)) % block)];
}
