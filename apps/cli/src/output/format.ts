import { stringify } from 'yaml';
import { type Column, renderTable } from './table.ts';

export const outputFormats = ['table', 'json', 'yaml', 'name'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** A list in the asked-for form. `name` is what other commands take, one a line. */
export function renderList<Item>(
  format: OutputFormat,
  items: readonly Item[],
  columns: readonly Column<Item>[],
  nameOf: (item: Item) => string,
): string {
  switch (format) {
    case 'table':
      return renderTable(columns, items);
    case 'name':
      return items.map((item) => `${nameOf(item)}\n`).join('');
    case 'json':
    case 'yaml':
      return renderValue(format, items);
  }
}

export const renderValue = (format: 'json' | 'yaml', value: unknown): string =>
  format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : stringify(value, { lineWidth: 0 });
