/**
 * Reads what the supervisor says: lines `FW1 <word> ...`, and after a line of `log`, `file`, `why` or `tail` as many
 * bytes as its last word counts. Anything else on a line of its own is a login banner and is skipped.
 */
import { Buffer } from 'node:buffer';

export interface Frame {
  readonly words: readonly string[];
  /** Empty where the frame carries none. */
  readonly payload: Buffer;
}

const prefix = 'FW1 ';
const withPayload = new Set(['log', 'file', 'why', 'tail']);
const longestLineBytes = 64 * 1024;

export function createFrameParser(onFrame: (frame: Frame) => void): (bytes: Buffer) => void {
  let chunks: Buffer[] = [];
  let waiting = 0;
  let open: { readonly words: readonly string[]; readonly size: number } | null = null;

  const readLines = (input: Buffer): Buffer => {
    let bytes = input;
    for (;;) {
      if (open !== null) {
        if (bytes.length < open.size) return bytes;
        const payload = bytes.subarray(0, open.size);
        bytes = bytes.subarray(open.size);
        const { words } = open;
        open = null;
        onFrame({ words, payload });
        continue;
      }
      const end = bytes.indexOf(0x0a);
      if (end < 0) return bytes.length > longestLineBytes ? Buffer.alloc(0) : bytes;
      const line = bytes.toString('latin1', 0, end);
      bytes = bytes.subarray(end + 1);
      if (!line.startsWith(prefix)) continue;
      const words = line.slice(prefix.length).trimEnd().split(' ');
      if (!withPayload.has(words[0] ?? '')) {
        onFrame({ words, payload: Buffer.alloc(0) });
        continue;
      }
      const size = Number(words.at(-1));
      if (Number.isSafeInteger(size) && size >= 0) open = { words, size };
    }
  };

  return (bytes) => {
    chunks.push(bytes);
    waiting += bytes.length;
    // Joined only when the payload is whole, so that a large one costs no copy for each packet.
    if (open !== null && waiting < open.size) return;
    const rest = readLines(chunks.length === 1 ? bytes : Buffer.concat(chunks));
    chunks = rest.length === 0 ? [] : [rest];
    waiting = rest.length;
  };
}
