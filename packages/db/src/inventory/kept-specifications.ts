import type { Specification } from '@formwork/core';
import type { Reader } from './reader.ts';

export interface StoredSpecification {
  readonly document: Specification;
  /** Pinned pack versions by name. */
  readonly packs: Readonly<Record<string, string>>;
}

const sql = `SELECT s.deployment_id AS id, s.version, s.document, s.packs
  FROM unnest($1::uuid[], $2::int[]) AS wanted(id, version)
  JOIN specification_versions s ON s.deployment_id = wanted.id AND s.version = wanted.version`;
const kept = 1_000;

/** Specifications of deployments by version. They never change, so what was read once is kept. */
export function keptSpecifications(reader: Reader) {
  const known = new Map<string, StoredSpecification>();
  const keyOf = ({ id, version }: { readonly id: string; readonly version: number }): string =>
    `${id} ${String(version)}`;
  return {
    /** By deployment. */
    async of(
      wanted: readonly { readonly id: string; readonly version: number }[],
    ): Promise<ReadonlyMap<string, StoredSpecification>> {
      const missing = wanted.filter((one) => !known.has(keyOf(one)));
      const found = new Map<string, StoredSpecification>();
      for (const one of wanted) {
        const stored = known.get(keyOf(one));
        if (stored !== undefined) found.set(one.id, stored);
      }
      if (missing.length === 0) return found;
      const values = [missing.map(({ id }) => id), missing.map(({ version }) => version)];
      const rows = await reader.query<StoredSpecification & { id: string; version: number }>(sql, values);
      if (known.size + rows.length > kept) known.clear();
      for (const { id, version, document, packs } of rows) {
        known.set(keyOf({ id, version }), { document, packs });
        found.set(id, { document, packs });
      }
      return found;
    },
  };
}
