/**
 * The seed: a small vfat file system labelled CIDATA, as bytes. The agent writes them to the image's seed partition, our
 * first boot and cloud-init's NoCloud source read them there. FAT12 after Microsoft's specification of 2000 (fatgen103):
 * ```
 * sector 0   boot sector with the BIOS parameter block
 * 1 ..       two file allocation tables, 12 bits a cluster
 * .. 128 more root directory: the label, then for each file its long name and its entry
 * the rest   clusters of one sector
 * ```
 */
import { longNameEntries } from './fat-names.ts';

const sector = 512;
const rootEntries = 2048;
const label = 'CIDATA     ';
/** 1980-01-01: the same files give the same bytes. */
const date = 0x0021;
const endOfChain = 0xfff;

/** Files of the root directory by name (ASCII, at most 255 characters); texts are UTF-8. */
export type SeedFiles = Readonly<Record<string, string | Uint8Array>>;

/**
 * The file system of exactly `sizeBytes` octets, a multiple of 512 and from 128 KiB to 2 MiB. Throws RangeError with a clear text
 * when the files do not fit or a name is none; callers check user input before (seed-files.ts).
 */
export function seedImage(files: SeedFiles, sizeBytes: number): Uint8Array {
  const sectors = sizeBytes / sector;
  if (!Number.isInteger(sectors) || sectors < 256 || sectors > 4084) {
    throw new RangeError(`a seed has 128 KiB to 2 MiB in whole sectors, not ${sizeBytes} octets`);
  }
  const tableSectors = Math.ceil((sectors * 1.5 + 3) / sector);
  const rootAt = 1 + 2 * tableSectors;
  const dataAt = rootAt + (rootEntries * 32) / sector;
  const image = Buffer.alloc(sizeBytes);
  bootSector(sectors, tableSectors).copy(image);

  const table = [0xff8, endOfChain];
  const entries: Buffer[] = [volumeLabel()];
  for (const [index, [name, content]] of Object.entries(files).entries()) {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : Buffer.from(content);
    const clusters = Math.ceil(bytes.length / sector);
    const first = clusters === 0 ? 0 : table.length;
    const offset = (dataAt + first - 2) * sector;
    if (offset + bytes.length > sizeBytes) {
      throw new RangeError(`the files of the seed do not fit into ${sizeBytes} octets: ${name} is too much`);
    }
    bytes.copy(image, clusters === 0 ? 0 : offset);
    for (let at = 1; at <= clusters; at += 1) table.push(at === clusters ? endOfChain : first + at);
    const shortName = `F${String(index).padStart(7, '0')}   `;
    entries.push(...longNameEntries(name, shortName), fileEntry(shortName, first, bytes.length));
  }
  if (entries.length > rootEntries) throw new RangeError(`${Object.keys(files).length} files are too many for a seed`);
  const packed = packed12(table);
  for (const copy of [0, 1]) packed.copy(image, (1 + copy * tableSectors) * sector);
  Buffer.concat(entries).copy(image, rootAt * sector);
  return image;
}

function bootSector(sectors: number, tableSectors: number): Buffer {
  const bytes = Buffer.alloc(sector);
  bytes.set([0xeb, 0x3c, 0x90]);
  bytes.write('FORMWORK', 3, 'latin1');
  bytes.writeUInt16LE(sector, 11);
  bytes.writeUInt8(1, 13); // sectors a cluster
  bytes.writeUInt16LE(1, 14); // reserved: this one
  bytes.writeUInt8(2, 16);
  bytes.writeUInt16LE(rootEntries, 17);
  bytes.writeUInt16LE(sectors, 19);
  bytes.writeUInt8(0xf8, 21); // a fixed disk
  bytes.writeUInt16LE(tableSectors, 22);
  bytes.writeUInt16LE(32, 24); // sectors a track, heads: nobody reads them any more
  bytes.writeUInt16LE(2, 26);
  bytes.set([0x80, 0, 0x29], 36);
  bytes.writeUInt32LE(0x46575345, 39); // the volume's id
  bytes.write(label, 43, 'latin1');
  bytes.write('FAT12   ', 54, 'latin1');
  bytes.set([0x55, 0xaa], 510);
  return bytes;
}

function volumeLabel(): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.write(label, 0, 'latin1');
  bytes.writeUInt8(0x08, 11);
  bytes.writeUInt16LE(date, 24);
  return bytes;
}

function fileEntry(shortName: string, cluster: number, size: number): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.write(shortName, 0, 'latin1');
  bytes.writeUInt8(0x20, 11);
  for (const at of [16, 18, 24]) bytes.writeUInt16LE(date, at);
  bytes.writeUInt16LE(cluster, 26);
  bytes.writeUInt32LE(size, 28);
  return bytes;
}

/** Two entries of 12 bits in three octets. */
function packed12(table: readonly number[]): Buffer {
  const bytes = Buffer.alloc(Math.ceil(table.length / 2) * 3);
  for (let at = 0; at < table.length; at += 2) {
    const pair = (table[at] ?? 0) | ((table[at + 1] ?? 0) << 12);
    bytes.writeUIntLE(pair, (at / 2) * 3, 3);
  }
  return bytes;
}
