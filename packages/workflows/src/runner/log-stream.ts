import { Buffer } from 'node:buffer';
import type { Redactor } from './redactor.ts';
import type { LogChunk } from './script-launch.ts';

/** From the node's log bytes to chunks of text: masked, valid UTF-8 without NUL, at most 48 KiB each as UTF-8 or nearly. */
export interface LogStream {
  /** Bytes that begin at `offset`. What was seen before is dropped; what was skipped is a gap in the offsets. */
  push(offset: number, bytes: Buffer): void;
  /** Gives out what was held back as the possible beginning of a secret. */
  end(): void;
  /** Up to where chunks were given out: where to attach again. Never inside a secret. */
  readonly deliveredOffset: number;
  /** The last 4 KiB that were given out: what a failure's message quotes. */
  readonly tail: string;
}

const sliceBytes = 16 * 1024;
const tailCharacters = 4096;

export function createLogStream(deps: {
  readonly redactor: Redactor;
  readonly fromOffset: number;
  readonly onLog: (chunk: LogChunk) => void;
}): LogStream {
  let received = deps.fromOffset;
  let delivered = deps.fromOffset;
  let tail = '';
  let masked = deps.redactor.stream();
  let unfinished: Buffer = Buffer.alloc(0);

  const give = (part: { readonly bytes: Buffer; readonly consumed: number }, last: boolean): void => {
    const bytes = Buffer.concat([unfinished, part.bytes]);
    const held = last ? 0 : incompleteUtf8(bytes);
    const before = unfinished.length;
    unfinished = bytes.subarray(bytes.length - held);
    const text = bytes
      .subarray(0, bytes.length - held)
      .toString()
      .replaceAll('\0', '\uFFFD');
    const nextOffset = delivered + before + part.consumed - held;
    if (nextOffset === delivered && text === '') return;
    tail = (tail + text).slice(-tailCharacters);
    deps.onLog({ offset: delivered, nextOffset, text });
    delivered = nextOffset;
  };
  const flush = (): void => {
    give(masked.flush(), true);
  };

  return {
    push(offset, bytes) {
      if (offset > received) {
        flush();
        masked = deps.redactor.stream();
        received = offset;
        delivered = offset;
      }
      const fresh = bytes.subarray(Math.min(bytes.length, received - offset));
      received += fresh.length;
      for (let at = 0; at < fresh.length; at += sliceBytes) {
        give(masked.push(fresh.subarray(at, at + sliceBytes)), false);
      }
    },
    end: flush,
    get deliveredOffset() {
      return delivered;
    },
    get tail() {
      return tail;
    },
  };
}

/** How many bytes at the end are the beginning of a character whose rest has not come yet (RFC 3629: at most 3). */
function incompleteUtf8(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return needed > back ? back : 0;
  }
  return 0;
}
