import { allItems, FormworkError } from '@formwork/api';
import { renderList } from '../output/format.ts';
import type { Column } from '../output/table.ts';
import type { Session } from '../session.ts';

/** Options of `get` that narrow a list; each kind takes those it knows. */
export interface Filters {
  readonly deployment?: string | undefined;
  readonly site?: string | undefined;
  readonly state?: string | undefined;
  readonly role?: string | undefined;
  readonly node?: string | undefined;
  readonly pack?: string | undefined;
}

/** A page's query: what the API takes for every list. */
interface PageQuery {
  readonly limit: number;
  readonly cursor?: string;
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** What `get` and `describe` know of one kind of thing. */
export interface Kind {
  /** The list, in the session's format; one item when `name` is given. */
  readonly show: (session: Session, filters: Filters, name: string | undefined, limit: number) => Promise<string>;
  /** The whole of one thing; absent where there is nothing more than the list. */
  readonly one?: (session: Session, name: string, filters: Filters) => Promise<unknown>;
}

/** `page` is written first: the type of the items is taken from it. */
interface KindDefinition<Item> {
  readonly columns: readonly Column<Item>[];
  readonly nameOf: (item: Item) => string;
  readonly page: (session: Session, filters: Filters, query: PageQuery) => Promise<Page<Item>>;
  readonly one?: (session: Session, name: string, filters: Filters) => Promise<Item>;
}

export function defineKind<Item>(definition: KindDefinition<Item>): Kind {
  const { columns, nameOf, page, one } = definition;
  return {
    show: async (session, filters, name, limit) => {
      if (name !== undefined) {
        if (one === undefined)
          throw new FormworkError('invalid', 'usage', 'this kind is only listed; leave the name out');
        return renderList(session.format, [await one(session, name, filters)], columns, nameOf);
      }
      const items: Item[] = [];
      const pages = allItems((cursor) =>
        page(session, filters, { limit: Math.min(limit, 500), ...(cursor === undefined ? {} : { cursor }) }),
      );
      for await (const item of pages) {
        items.push(item);
        if (items.length >= limit) break;
      }
      return renderList(session.format, items, columns, nameOf);
    },
    ...(one === undefined ? {} : { one }),
  };
}

/** The filters a kind takes, undefined ones left out. */
export function pick<Name extends keyof Filters>(
  filters: Filters,
  ...names: readonly Name[]
): { [Key in Name]?: string } {
  const picked: { [Key in Name]?: string } = {};
  for (const name of names) {
    const value = filters[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

/** The deployment that a list is of. Errors: `usage`. */
export function deploymentOf(filters: Filters): { readonly name: string } {
  if (filters.deployment !== undefined) return { name: filters.deployment };
  throw new FormworkError('invalid', 'usage', 'say which deployment with -d <name>');
}

export const age = (time: string | null): string => (time === null ? '-' : time.replace(/\.\d+/, ''));
