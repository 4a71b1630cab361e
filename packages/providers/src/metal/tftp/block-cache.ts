/**
 * Files as DATA packets, laid out once and sent as they are by every transfer of the same file and block size. A chunk is
 * some packets that lie in one buffer; chunks least used are forgotten beyond the limit. A transfer holds the chunk it
 * sends from, and has the next one read before it needs it.
 */
import { dataHeaderLength, writeDataHeader } from './packet.ts';
import type { OpenFile } from './source.ts';

export interface BlockCache {
  /** Packets of a file; block 1 is the first, the last is short or empty. */
  reader(file: OpenFile, blockSize: number): BlockReader;
  /** Octets held now, those being read included. */
  bytes(): number;
}

export interface BlockReader {
  /** The packet of this block if it has been read. Never change it: others send it too. */
  packet(block: number): Uint8Array | null;
  /** Reads what holds this block; rejects when the file cannot be read. */
  load(block: number): Promise<void>;
}

type Chunk = readonly Uint8Array[];

const targetChunkBytes = 256 * 1024;

export function createBlockCache(limitBytes: number): BlockCache {
  /** In the order of their last use. */
  const chunks = new Map<string, { readonly loading: Promise<Chunk>; readonly bytes: number }>();
  let held = 0;
  let privateFiles = 0;

  const forget = (key: string): void => {
    held -= chunks.get(key)?.bytes ?? 0;
    chunks.delete(key);
  };
  const get = (key: string, bytes: number, load: () => Promise<Chunk>): Promise<Chunk> => {
    const known = chunks.get(key);
    const entry = known ?? { loading: load(), bytes };
    chunks.delete(key);
    chunks.set(key, entry);
    if (known === undefined) {
      held += bytes;
      entry.loading.catch(() => {
        if (chunks.get(key) === entry) forget(key);
      });
      for (const oldest of chunks.keys()) {
        if (held <= limitBytes || oldest === key) break;
        forget(oldest);
      }
    }
    return entry.loading;
  };

  return {
    bytes: () => held,
    reader: (file, blockSize) => {
      privateFiles += 1;
      const identity = `${file.identity ?? `private ${privateFiles}`} ${blockSize}`;
      const perChunk = Math.max(1, Math.floor(targetChunkBytes / (blockSize + dataHeaderLength)));
      const lastChunk = Math.floor(Math.floor(file.sizeBytes / blockSize) / perChunk);
      const bytesOf = (index: number) => chunkBytes(file.sizeBytes, blockSize, perChunk, index);
      const ask = (index: number): Promise<Chunk> =>
        get(`${identity} ${index}`, bytesOf(index), () => readChunk(file, blockSize, perChunk, index));
      let current: { readonly index: number; readonly chunk: Chunk } = { index: -1, chunk: [] };
      let next: { readonly index: number; readonly chunk: Chunk } = { index: -1, chunk: [] };

      const readAhead = (index: number): void => {
        if (index > lastChunk || next.index === index) return;
        ask(index).then(
          (chunk) => {
            next = { index, chunk };
          },
          // Whoever needs it asks again and is told.
          () => undefined,
        );
      };
      return {
        packet: (block) => {
          const index = Math.floor((block - 1) / perChunk);
          if (index !== current.index) {
            if (index !== next.index) return null;
            current = next;
            readAhead(index + 1);
          }
          return current.chunk[block - 1 - index * perChunk] ?? null;
        },
        load: async (block) => {
          const index = Math.floor((block - 1) / perChunk);
          const chunk = await ask(index);
          current = { index, chunk };
          readAhead(index + 1);
        },
      };
    },
  };
}

function chunkBytes(sizeBytes: number, blockSize: number, perChunk: number, index: number): number {
  const blocks = Math.min(perChunk, Math.floor(sizeBytes / blockSize) + 1 - index * perChunk);
  return Math.min(sizeBytes - index * perChunk * blockSize, blocks * blockSize) + blocks * dataHeaderLength;
}

async function readChunk(file: OpenFile, blockSize: number, perChunk: number, index: number): Promise<Chunk> {
  const firstBlock = index * perChunk + 1;
  const from = (firstBlock - 1) * blockSize;
  const content = await file.read(from, Math.min(perChunk * blockSize, file.sizeBytes - from));
  const laidOut = Buffer.allocUnsafeSlow(chunkBytes(file.sizeBytes, blockSize, perChunk, index));
  const packets: Uint8Array[] = [];
  for (let offset = 0; offset < laidOut.length; ) {
    const start = packets.length * blockSize;
    const data = content.subarray(start, start + blockSize);
    writeDataHeader(laidOut, offset, firstBlock + packets.length);
    laidOut.set(data, offset + dataHeaderLength);
    packets.push(laidOut.subarray(offset, offset + dataHeaderLength + data.length));
    offset += dataHeaderLength + data.length;
  }
  return packets;
}
