import { FormworkError, type Pack, type RoleBundle } from '@formwork/core';
import type { Transaction } from '../transaction.ts';

export interface PackToStore {
  readonly id: string;
  readonly pack: Pack;
  readonly bundles: readonly RoleBundle[];
  readonly source: 'bundled' | 'uploaded';
  /** What to do when the version is stored with another digest and no living deployment pins it. */
  readonly replaceUnpinned: boolean;
  readonly actor: string;
}

export type PackStored = 'stored' | 'unchanged' | 'replaced';

/**
 * Stores a pack and the bundles of its roles. A version is stored once: the same digest changes nothing, another one
 * is `conflict` `pack-differs`, or replaces it where that was asked for and nobody's deployment is pinned to it.
 */
export async function storePack(tx: Transaction, request: PackToStore): Promise<PackStored> {
  const { pack, actor } = request;
  await tx.query(`SELECT pg_advisory_xact_lock(hashtext('formwork.packs'))`);
  const [known] = await tx.query<{ id: string; digest: string }>(
    'SELECT id, digest FROM packs WHERE name = $1 AND version = $2 FOR UPDATE',
    [pack.name, pack.version],
  );
  if (known?.digest === pack.digest) return 'unchanged';
  if (known !== undefined) await refuseReplacing(tx, request);
  await tx.query(
    `INSERT INTO packs (id, name, version, digest, document, source) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (name, version) DO UPDATE SET digest = $4, document = $5, source = $6, created_at = now()`,
    [request.id, pack.name, pack.version, pack.digest, JSON.stringify(pack), request.source],
  );
  // What is not part of a role's digest (its summary, its name) follows the pack that was stored last; roles of one pack
  // may share a digest, and a row is written once.
  await tx.query(
    `INSERT INTO role_bundles (digest, role, document)
     SELECT DISTINCT ON (b.digest) b.digest, b.role, b.document FROM jsonb_to_recordset($1::jsonb) AS b(digest text, role text, document jsonb)
     ON CONFLICT (digest) DO UPDATE SET document = EXCLUDED.document`,
    [
      JSON.stringify(
        request.bundles.map((bundle) => ({ digest: bundle.role.digest, role: bundle.role.name, document: bundle })),
      ),
    ],
  );
  tx.emit({
    kind: known === undefined ? 'pack.stored' : 'pack.replaced',
    actor,
    data: { name: pack.name, version: pack.version, digest: pack.digest, source: request.source },
  });
  return known === undefined ? 'stored' : 'replaced';
}

async function refuseReplacing(tx: Transaction, request: PackToStore): Promise<void> {
  const { name, version } = request.pack;
  const pinned = await tx.query<{ name: string }>(
    `SELECT DISTINCT d.name FROM deployments d JOIN specification_versions s ON s.deployment_id = d.id
     WHERE d.state <> 'destroyed' AND s.packs @> $1::jsonb ORDER BY d.name LIMIT 5`,
    [JSON.stringify({ [name]: version })],
  );
  if (request.replaceUnpinned && pinned.length === 0) return;
  const why =
    pinned.length === 0 ? '' : `, and deployments are pinned to it (${pinned.map((row) => row.name).join(', ')})`;
  throw new FormworkError(
    'conflict',
    'pack-differs',
    `version ${version} of pack ${name} is stored with another content${why}; give the pack a new version`,
  );
}
