import { FormworkError } from '@formwork/core';
import type { Page, PageRequest, Position } from '@formwork/db';
import { z } from 'zod';

const positionSchema = z.array(z.string().max(1_000)).min(1).max(8);

export const encodeCursor = (position: Position): string => Buffer.from(JSON.stringify(position)).toString('base64url');

/** Throws `invalid` `bad-cursor`. */
function decodeCursor(cursor: string): Position {
  try {
    const position = positionSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    if (!position.some((part) => part.includes('\0'))) return position;
  } catch {
    // Said below.
  }
  throw new FormworkError('invalid', 'bad-cursor', 'the cursor is not one of this list; start again without it');
}

/** The page that a query asks for. */
export const pageRequest = (query: { readonly cursor?: string | undefined; readonly limit: number }): PageRequest => ({
  limit: query.limit,
  after: query.cursor === undefined ? null : decodeCursor(query.cursor),
});

export const pageBody = <Row, Item>(page: Page<Row>, item: (row: Row) => Item) => ({
  items: page.items.map(item),
  next: page.next === null ? null : encodeCursor(page.next),
});

/** A page of a list that is whole in memory, in the order of `position`. */
export function pageOfList<Row>(rows: readonly Row[], request: PageRequest, key: (row: Row) => string): Page<Row> {
  const after = request.after?.[0] ?? null;
  const sorted = rows.map((row) => ({ row, key: key(row) })).sort((a, b) => (a.key < b.key ? -1 : 1));
  const rest = after === null ? sorted : sorted.filter((one) => one.key > after);
  const items = rest.slice(0, request.limit);
  const last = items.at(-1);
  return {
    items: items.map((one) => one.row),
    next: rest.length > request.limit && last !== undefined ? [last.key] : null,
  };
}
