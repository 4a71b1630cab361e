import { createHash } from 'node:crypto';
import type { OpenFile } from '../tftp/source.ts';

/** SHA-256 of files in hexadecimal; null where it would take too long to find out. */
export type DigestOf = (file: OpenFile) => Promise<string | null>;

const mostKept = 1024;
const pieceBytes = 1 << 20;

/** Reads a file once for each content it has (its identity). Larger files have no digest. */
export function createFileDigests(largestBytes: number): DigestOf {
  const known = new Map<string, Promise<string | null>>();
  return (file) => {
    const { identity, sizeBytes } = file;
    if (identity === null || sizeBytes > largestBytes) return Promise.resolve(null);
    const kept = known.get(identity);
    if (kept !== undefined) return kept;
    const [oldest] = known.keys();
    if (known.size >= mostKept && oldest !== undefined) known.delete(oldest);
    const digest = digestOf(file).catch(() => {
      known.delete(identity);
      return null;
    });
    known.set(identity, digest);
    return digest;
  };
}

async function digestOf(file: OpenFile): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < file.sizeBytes; at += pieceBytes) {
    hash.update(await file.read(at, Math.min(pieceBytes, file.sizeBytes - at)));
  }
  return hash.digest('hex');
}
