import type { RouteContract } from '@formwork/api';
import type { RowTag } from '@formwork/db';
import { encodeItems } from './encode-answer.ts';
import type { MadeAnswer } from './handler.ts';

/** Items of one list as JSON texts, checked and encoded once for each version of a row. */
export interface EncodedItems {
  /** In the order of the tags; `make` is asked for those that are not known, and what it leaves out is left out. */
  of(
    tags: readonly RowTag[],
    make: (ids: readonly string[]) => Promise<readonly MadeItem[]>,
  ): Promise<readonly string[]>;
}

export interface MadeItem extends RowTag {
  readonly item: object;
  /** False for what says something about the moment. */
  readonly stays: boolean;
}

/** Characters of all items of a list that are kept: 20,000 or more of the usual ones. */
const keptLength = 32 * 1024 * 1024;

export function createEncodedItems(id: string, contract: RouteContract): EncodedItems {
  const known = new Map<string, { readonly tag: string; readonly json: string }>();
  let length = 0;
  const forget = (key: string): void => {
    length -= known.get(key)?.json.length ?? 0;
    known.delete(key);
  };
  const keep = ({ id: key, tag }: RowTag, json: string): void => {
    forget(key);
    known.set(key, { tag, json });
    length += json.length;
    for (const oldest of known.keys()) {
      if (length <= keptLength) return;
      forget(oldest);
    }
  };
  return {
    async of(tags, make) {
      const missing = tags.filter((row) => known.get(row.id)?.tag !== row.tag);
      const fresh = new Map<string, string>();
      if (missing.length > 0) {
        const made = await make(missing.map((row) => row.id));
        const texts = encodeItems(
          id,
          contract,
          made.map(({ item }) => item),
        );
        for (const [at, row] of made.entries()) {
          const json = texts[at] ?? 'null';
          fresh.set(row.id, json);
          if (row.stays) keep(row, json);
        }
      }
      const missed = new Set(missing.map((row) => row.id));
      return tags.flatMap((row) => {
        const json = fresh.get(row.id) ?? (missed.has(row.id) ? undefined : known.get(row.id)?.json);
        return json === undefined ? [] : [json];
      });
    },
  };
}

export const encodedPage = (items: readonly string[], next: string | null): MadeAnswer => ({
  json: `{"items":[${items.join(',')}],"next":${JSON.stringify(next)}}`,
  etag: null,
});
