import { type Content, type ContentIndex, FormworkError, indexContent, type RoleBundle } from '@formwork/core';
import { type Database, readBundle, readPacks } from '@formwork/db';

/** Packs and role bundles never change once stored, so what was read once is kept. */
export interface ContentStore {
  content(pins: Readonly<Record<string, string>>): Promise<{ readonly content: Content; readonly index: ContentIndex }>;
  bundle(digest: string): Promise<RoleBundle>;
}

const keptContents = 32;
const keptBundles = 512;

export function openContentStore(db: Database): ContentStore {
  const contents = new Map<string, { readonly content: Content; readonly index: ContentIndex }>();
  const bundles = new Map<string, RoleBundle>();
  return {
    async content(pins) {
      const key = JSON.stringify(Object.entries(pins).sort());
      const known = contents.get(key);
      if (known !== undefined) return known;
      const content = { packs: await readPacks(db, pins) };
      return keep(contents, key, { content, index: indexContent(content) }, keptContents);
    },
    async bundle(digest) {
      const known = bundles.get(digest);
      if (known !== undefined) return known;
      const bundle = await readBundle(db, digest);
      if (bundle === null) {
        throw new FormworkError(
          'terminal',
          'role-bundle-gone',
          `the scripts of role digest ${digest.slice(0, 12)} are not stored`,
        );
      }
      return keep(bundles, digest, bundle, keptBundles);
    },
  };
}

/** Keeps the newest; the oldest goes first. */
function keep<Value>(kept: Map<string, Value>, key: string, value: Value, limit: number): Value {
  kept.set(key, value);
  const oldest = kept.keys().next();
  if (kept.size > limit && oldest.done !== true) kept.delete(oldest.value);
  return value;
}
