import type { EventRow } from '@formwork/db';
import type { SharedEvent } from './shared-event.ts';

/** Which events a listener gets. Listeners of equal keys accept the same events. */
export interface EventSelection {
  readonly key: string;
  readonly accepts: (event: SharedEvent) => boolean;
}

/** Events that go out together: what listeners of one selection get is put together once for all of them. */
export interface EventBatch {
  readonly firstId: number;
  readonly lastId: number;
  readonly size: number;
  /** The accepted ones with a greater id, ready for the wire; null for none. */
  chunk(selection: EventSelection, after: number): Buffer | null;
  /** Rows of one kind. */
  rows(kind: string): readonly EventRow[];
}

/** Null of no events. */
export function batchOf(events: readonly SharedEvent[]): EventBatch | null {
  const [first] = events;
  const last = events.at(-1);
  if (first === undefined || last === undefined) return null;
  const chunks = new Map<string, Buffer | null>();
  const byKind = new Map<string, EventRow[]>();
  for (const { row } of events) {
    const alike = byKind.get(row.kind);
    if (alike === undefined) byKind.set(row.kind, [row]);
    else alike.push(row);
  }
  const encode = ({ accepts }: EventSelection, after: number): Buffer | null => {
    const texts = events.flatMap((event) => (event.row.id > after && accepts(event) ? [event.text] : []));
    return texts.length === 0 ? null : Buffer.from(texts.join(''));
  };
  return {
    firstId: first.row.id,
    lastId: last.row.id,
    size: events.length,
    chunk(selection, after) {
      if (after >= first.row.id) return encode(selection, after);
      const known = chunks.get(selection.key);
      if (known !== undefined) return known;
      const chunk = encode(selection, after);
      chunks.set(selection.key, chunk);
      return chunk;
    },
    rows: (kind) => byKind.get(kind) ?? [],
  };
}
