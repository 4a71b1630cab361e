import { etagOf, type RouteContract } from '@formwork/api';
import type { RowTag, VersionedTag } from '@formwork/db';
import { encodeItems } from './encode-answer.ts';
import type { MadeAnswer } from './handler.ts';

/** Pages of one list and single items of it, which are checked and encoded once for each version of a row. */
export interface EncodedItems {
  /**
   * In the order of the tags; `make` is asked for those that are not known, and what it leaves out is left out. The same
   * rows in the same versions are the same bytes, put together once.
   */
  page(
    tags: readonly RowTag[],
    next: string | null,
    make: (ids: readonly string[]) => Promise<readonly MadeItem[]>,
  ): Promise<MadePage>;
  /** One of them; null when `make`, which is asked when its tag is not known, finds it no more. */
  one(found: VersionedTag, make: () => Promise<(MadeItem & VersionedTag) | null>): Promise<MadeAnswer | null>;
}

export interface MadePage extends MadeAnswer {
  /** Whether nothing in it says something about the moment. */
  readonly stays: boolean;
}

export interface MadeItem extends RowTag {
  readonly item: object;
  /** False for what says something about the moment. */
  readonly stays: boolean;
}

/** Characters of all items of a list that are kept: 20,000 or more of the usual ones. */
const keptLength = 32 * 1024 * 1024;
/** Bytes of all pages of a list that are kept. */
const keptPagesLength = 8 * 1024 * 1024;

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
  const isKnown = (row: RowTag): boolean => known.get(row.id)?.tag === row.tag;
  const textsOf = async (
    tags: readonly RowTag[],
    make: (ids: readonly string[]) => Promise<readonly MadeItem[]>,
  ): Promise<readonly string[]> => {
    const missing = tags.filter((row) => !isKnown(row));
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
  };
  const pages = new Map<string, Buffer>();
  let pagesLength = 0;
  return {
    async page(tags, next, make) {
      const key = `${next ?? ''} ${tags.map((row) => `${row.id} ${row.tag}`).join(' ')}`;
      const same = pages.get(key);
      if (same !== undefined) return { json: same, etag: null, stays: true };
      const texts = await textsOf(tags, make);
      const json = Buffer.from(`{"items":[${texts.join(',')}],"next":${JSON.stringify(next)}}`);
      // What says something about the moment is not known by its tag.
      const stays = tags.every(isKnown);
      if (stays && !pages.has(key)) {
        pagesLength += json.length;
        for (const [oldest, page] of pages) {
          if (pagesLength <= keptPagesLength) break;
          pages.delete(oldest);
          pagesLength -= page.length;
        }
        pages.set(key, json);
      }
      return { json, etag: null, stays };
    },
    async one(found, make) {
      const same = known.get(found.id);
      if (same !== undefined && same.tag === found.tag) return { json: same.json, etag: etagOf(found.version) };
      const made = await make();
      if (made === null) return null;
      const [json = 'null'] = encodeItems(id, contract, [made.item]);
      if (made.stays) keep(made, json);
      return { json, etag: etagOf(made.version) };
    },
  };
}
