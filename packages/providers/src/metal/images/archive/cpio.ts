/**
 * A cpio archive as the kernel reads an initrd ("newc", Documentation/driver-api/early-userspace/buffer-format.rst): for
 * every entry 110 octets of hexadecimal fields, the name with a NUL, the data; both padded to 4. Everything belongs to
 * root and is of 1970: the same entries make the same octets.
 */
export type CpioEntry =
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly data: Uint8Array }
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

const format = { file: 0o100000, directory: 0o040000, link: 0o120000 } as const;

/**
 * Packs entries, sorted by path and with the directories that they need. Paths have no leading slash.
 * Throws a RangeError for a path that is empty, absolute or goes upwards.
 */
export function packCpio(entries: readonly CpioEntry[]): Buffer {
  const byPath = new Map<string, CpioEntry>();
  for (const entry of entries) {
    const parts = entry.path.split('/');
    if (parts.some((part) => part === '' || part === '.' || part === '..')) {
      throw new RangeError(`not a path below the root: ${entry.path}`);
    }
    for (let depth = 1; depth < parts.length; depth += 1) {
      const path = parts.slice(0, depth).join('/');
      if (!byPath.has(path)) byPath.set(path, { kind: 'directory', path, mode: 0o755 });
    }
    byPath.set(entry.path, entry);
  }
  // A directory sorts before what is in it, since it is a prefix.
  const sorted = [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const pieces = sorted.flatMap((entry, index) => {
    const data =
      entry.kind === 'file' ? Buffer.from(entry.data) : Buffer.from(entry.kind === 'link' ? entry.target : '');
    const mode = format[entry.kind] | (entry.kind === 'link' ? 0o777 : entry.mode);
    return member(entry.path, { inode: index + 1, mode, links: entry.kind === 'directory' ? 2 : 1, data });
  });
  return Buffer.concat([...pieces, ...member('TRAILER!!!', { inode: 0, mode: 0, links: 1, data: Buffer.alloc(0) })]);
}

/** Fills up with zeros to a multiple of `multiple`: archives that follow one another begin at multiples of 4. */
export function padTo(data: Buffer, multiple: number): Buffer {
  const rest = data.length % multiple;
  return rest === 0 ? data : Buffer.concat([data, Buffer.alloc(multiple - rest)]);
}

function member(
  name: string,
  { inode, mode, links, data }: { inode: number; mode: number; links: number; data: Buffer },
): Buffer[] {
  const nameOctets = Buffer.from(`${name}\0`);
  // ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, nameOctets.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return [padTo(Buffer.concat([Buffer.from(header), nameOctets]), 4), padTo(data, 4)];
}
