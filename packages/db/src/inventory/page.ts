import { FormworkError } from '@formwork/core';

/** Where a list goes on: the sort values of the last item of the page before, most significant first. */
export type Position = readonly string[];

export interface PageRequest {
  readonly limit: number;
  readonly after: Position | null;
}

export interface Page<Row> {
  readonly items: readonly Row[];
  /** Null on the last page. */
  readonly next: Position | null;
}

/** A page from rows of which one more than `limit` was asked for. */
export function toPage<Row>(rows: readonly Row[], limit: number, position: (row: Row) => Position): Page<Row> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: rows.length > limit && last !== undefined ? position(last) : null };
}

/** The longest page that the API gives. */
const longestPage = 500;

/**
 * How many rows a prepared statement asks for, to find out whether there is another page too. It stands in the text: the
 * planner takes an unknown limit for a tenth of all rows, and sorts them. Two texts are enough; `toPage` cuts.
 */
export const rowsOfPage = (limit: number): number => (limit <= 100 ? 101 : Math.max(limit, longestPage) + 1);

/** For lists ordered by name, then id. */
export function afterNameAndId(after: Position | null) {
  if (after === null) return {};
  const [name = '', id = ''] = after;
  if (!isUuid(id)) throw badCursor();
  return { OR: [{ name: { gt: name } }, { name, id: { gt: id } }] };
}

/** The same for SQL: name and id of the last row of the page before. */
export function nameAndIdAfter(after: Position | null): readonly [string, string] | null {
  if (after === null) return null;
  const [name = '', id = ''] = after;
  if (!isUuid(id)) throw badCursor();
  return [name, id];
}

export const nameAndId = (row: { readonly name: string; readonly id: string }): Position => [row.name, row.id];

/** For lists whose order the row itself gives (times have more digits than a cursor could carry): its id is the cursor. */
export function afterRow(after: Position | null): {
  readonly cursor?: { readonly id: string };
  readonly skip?: number;
} {
  if (after === null) return {};
  const [id = ''] = after;
  if (!isUuid(id)) throw badCursor();
  return { cursor: { id }, skip: 1 };
}

export const idOnly = (row: { readonly id: string }): Position => [row.id];

/** For lists by a growing number. */
export function positionNumber(after: Position | null): number | null {
  if (after === null) return null;
  const number = Number(after[0]);
  if (!Number.isSafeInteger(number) || number < 0) throw badCursor();
  return number;
}

export const isUuid = (text: string): boolean =>
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);

const badCursor = (): FormworkError =>
  new FormworkError('invalid', 'bad-cursor', 'the cursor is not one of this list; start again without it');
