/** Long names of vfat: directory entries before that of the file, last part first, 13 characters of UTF-16 each. */

/** Where the characters of a part are in its entry. */
const places = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

const isName = (name: string): boolean =>
  /^[\x21-\x7e]{1,255}$/.test(name) && !/["*/:<>?\\|]/.test(name) && !name.endsWith('.') && name !== '.';

/** Throws RangeError for what vfat takes as no name. */
export function longNameEntries(name: string, shortName: string): readonly Buffer[] {
  if (!isName(name)) throw new RangeError(`"${name}" is no name for a file of the seed`);
  const sum = checksum(shortName);
  const count = Math.ceil(name.length / places.length);
  return Array.from({ length: count }, (_, index) => {
    const part = count - index;
    const bytes = Buffer.alloc(32, 0xff);
    bytes.writeUInt8(part | (index === 0 ? 0x40 : 0), 0);
    bytes.writeUInt8(0x0f, 11);
    bytes.writeUInt8(0, 12);
    bytes.writeUInt8(sum, 13);
    bytes.writeUInt16LE(0, 26);
    for (const [place, at] of places.entries()) {
      const position = (part - 1) * places.length + place;
      if (position > name.length) continue;
      bytes.writeUInt16LE(position === name.length ? 0 : name.charCodeAt(position), at);
    }
    return bytes;
  });
}

/** Ties a long name to its short one: rotate right, add. */
const checksum = (shortName: string): number =>
  Buffer.from(shortName, 'latin1').reduce((sum, octet) => (((sum & 1) << 7) + (sum >> 1) + octet) & 0xff, 0);
