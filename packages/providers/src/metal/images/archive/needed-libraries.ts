/**
 * What a program needs to be loaded, from its ELF headers (System V ABI, chapters 4 and 5): the shared libraries by name and
 * its interpreter. 64 bit, little endian.
 */
export interface LoadingNeeds {
  readonly libraries: readonly string[];
  /** Path of the dynamic loader; null for a library and for what is linked statically. */
  readonly interpreter: string | null;
}

const loadSegment = 1;
const dynamicSegment = 2;
const interpreterSegment = 3;
const neededTag = 1n;
const stringTableTag = 5n;

/** Null when it is no such file. Throws a RangeError when it is cut off. */
export function loadingNeeds(file: Buffer): LoadingNeeds | null {
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) return null;
  const segments = readSegments(file);
  const textAt = (offset: number): string => file.toString('latin1', offset, file.indexOf(0, offset));
  const fileOffset = (address: number): number => {
    const within = segments.find(
      ({ type, virtual, size }) => type === loadSegment && address >= virtual && address < virtual + size,
    );
    if (within === undefined) throw new RangeError(`no segment has the address ${String(address)}`);
    return within.offset + address - within.virtual;
  };
  const interpreter = segments.find(({ type }) => type === interpreterSegment);
  const dynamic = segments.find(({ type }) => type === dynamicSegment);
  const entries: { tag: bigint; value: number }[] = [];
  if (dynamic !== undefined) {
    for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
      entries.push({ tag: file.readBigInt64LE(at), value: Number(file.readBigUInt64LE(at + 8)) });
    }
  }
  const table = entries.find(({ tag }) => tag === stringTableTag);
  const names = table === undefined ? [] : entries.filter(({ tag }) => tag === neededTag);
  return {
    libraries: names.map(({ value }) => textAt(fileOffset(table?.value ?? 0) + value)),
    interpreter: interpreter === undefined ? null : textAt(interpreter.offset),
  };
}

function readSegments(file: Buffer) {
  const first = Number(file.readBigUInt64LE(32));
  const size = file.readUInt16LE(54);
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = first + index * size;
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      virtual: Number(file.readBigUInt64LE(at + 16)),
      size: Number(file.readBigUInt64LE(at + 32)),
    };
  });
}
