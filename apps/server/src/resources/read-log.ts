import type { LogResponse } from '@formwork/api';
import type { AttemptRecord, LogChunkRow } from '@formwork/db';
import type { ServerDeps } from '../deps.ts';

const chunksAtOnce = 32;
export const maxLogBytes = 1024 * 1024;

/** A piece of an attempt's log from `offset` on: whole chunks, up to a gap or about `maxBytes`, at least one. */
export async function readLogPiece(
  deps: Pick<ServerDeps, 'inventory'>,
  attempt: AttemptRecord,
  offset: number,
  maxBytes: number,
): Promise<LogResponse> {
  const chunks = await deps.inventory.logs.chunks(attempt.id, offset, chunksAtOnce);
  const first = chunks[0];
  const texts: string[] = [];
  let next = Math.max(offset, first?.offset ?? offset);
  let bytes = 0;
  let cut = false;
  for (const chunk of chunks) {
    // After a gap another piece begins, which tells how much was skipped.
    cut = chunk.offset > next || (texts.length > 0 && bytes + (chunk.end - chunk.offset) > maxBytes);
    if (cut) break;
    texts.push(textFrom(chunk, next));
    bytes += chunk.end - next;
    next = chunk.end;
  }
  return {
    attempt: attempt.number,
    offset: first === undefined ? offset : Math.max(offset, first.offset),
    nextOffset: next,
    text: texts.join(''),
    ended: attempt.endedAt !== null && !cut && chunks.length < chunksAtOnce,
    skippedBytes: first === undefined ? 0 : Math.max(0, first.offset - offset),
  };
}

/** Its text from a byte on. Where redaction changed its length a byte has no place any more, and it comes whole. */
function textFrom(chunk: LogChunkRow, offset: number): string {
  if (offset <= chunk.offset) return chunk.text;
  const bytes = Buffer.from(chunk.text);
  if (bytes.length !== chunk.end - chunk.offset) return chunk.text;
  return bytes.subarray(offset - chunk.offset).toString();
}
