import { visibleLength } from './paint.ts';

export interface Column<Item> {
  readonly title: string;
  readonly value: (item: Item) => string;
}

/** Columns padded to their widest cell, two spaces apart; the last one is not padded. */
export function renderTable<Item>(columns: readonly Column<Item>[], items: readonly Item[]): string {
  const rows = [
    columns.map((column) => column.title),
    ...items.map((item) => columns.map((column) => column.value(item))),
  ];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => visibleLength(row[index] ?? ''))));
  const line = (row: readonly string[]) =>
    row
      .map(
        (cell, index) => cell + ' '.repeat(index === row.length - 1 ? 0 : (widths[index] ?? 0) - visibleLength(cell)),
      )
      .join('  ')
      .trimEnd();
  return `${rows.map(line).join('\n')}\n`;
}
