import { FormworkError, type Json, type JsonObject } from '@formwork/core';
import type { Transaction } from '../transaction.ts';
import { requireVersion } from './require-version.ts';

export interface SiteFields {
  readonly configuration: JsonObject;
  readonly params: Readonly<Record<string, Json>>;
  readonly credentials: string | null;
  readonly maxNodes: number | null;
}

export async function insertSite(
  tx: Transaction,
  site: SiteFields & { readonly id: string; readonly name: string; readonly provider: string; readonly actor: string },
): Promise<void> {
  const inserted = await tx.query(
    `INSERT INTO sites (id, name, provider, configuration, params, credentials, max_nodes) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (name) DO NOTHING RETURNING id`,
    [
      site.id,
      site.name,
      site.provider,
      JSON.stringify(site.configuration),
      JSON.stringify(site.params),
      site.credentials,
      site.maxNodes,
    ],
  );
  if (inserted.length === 0) {
    throw new FormworkError('conflict', 'already-exists', `there is a site ${site.name} already; choose another name`);
  }
  emitSite(tx, 'created', site, site.actor);
}

/** Replaces the fields; `expectedVersion` null takes whatever is there. */
export async function updateSite(
  tx: Transaction,
  site: SiteFields & {
    readonly id: string;
    readonly name: string;
    readonly expectedVersion: number | null;
    readonly actor: string;
  },
): Promise<void> {
  await lockSite(tx, site.id, site.expectedVersion);
  await tx.query(
    `UPDATE sites SET configuration = $2, params = $3, credentials = $4, max_nodes = $5, version = version + 1, updated_at = now()
     WHERE id = $1`,
    [site.id, JSON.stringify(site.configuration), JSON.stringify(site.params), site.credentials, site.maxNodes],
  );
  emitSite(tx, 'changed', site, site.actor);
}

/** Gives a site a newer copy of its credentials; its workers open it anew. */
export async function replaceCredentials(
  tx: Transaction,
  site: { readonly id: string; readonly name: string; readonly reference: string; readonly actor: string },
): Promise<void> {
  await tx.query('UPDATE sites SET credentials = $2, version = version + 1, updated_at = now() WHERE id = $1', [
    site.id,
    site.reference,
  ]);
  emitSite(tx, 'changed', site, site.actor);
}

/** Refused while a node or a deployment needs the site; what is left of destroyed nodes goes with it. */
export async function deleteSite(
  tx: Transaction,
  site: {
    readonly id: string;
    readonly name: string;
    readonly expectedVersion: number | null;
    readonly actor: string;
  },
): Promise<void> {
  await lockSite(tx, site.id, site.expectedVersion);
  const nodes = await tx.query<{ name: string }>(
    `SELECT name FROM nodes WHERE site_id = $1 AND state <> 'destroyed' ORDER BY name LIMIT 5`,
    [site.id],
  );
  if (nodes.length > 0) {
    throw inUse(site.name, `nodes (${nodes.map((node) => node.name).join(', ')}); destroy their deployments first`);
  }
  const deployments = await tx.query<{ name: string }>(
    `SELECT DISTINCT d.name FROM deployments d JOIN specification_versions s
       ON s.deployment_id = d.id AND s.version IN (d.committed_version, d.proposed_version)
     WHERE d.state <> 'destroyed' AND s.document->'groups' @> $1::jsonb ORDER BY d.name LIMIT 5`,
    [JSON.stringify([{ site: site.name }])],
  );
  if (deployments.length > 0) {
    const names = deployments.map((deployment) => deployment.name).join(', ');
    throw inUse(site.name, `deployments that name it (${names}); destroy them or take it out of their specifications`);
  }
  await tx.query('DELETE FROM nodes WHERE site_id = $1', [site.id]);
  await tx.query('DELETE FROM sites WHERE id = $1', [site.id]);
  emitSite(tx, 'deleted', site, site.actor);
}

async function lockSite(tx: Transaction, id: string, expectedVersion: number | null): Promise<void> {
  const [row] = await tx.query<{ version: number }>('SELECT version FROM sites WHERE id = $1 FOR UPDATE', [id]);
  if (row === undefined) throw new FormworkError('not-found', 'not-found', 'the site is gone');
  requireVersion('the site', row.version, expectedVersion);
}

const emitSite = (tx: Transaction, what: string, site: { id: string; name: string }, actor: string): void => {
  tx.emit({ kind: `site.${what}`, actor, data: { siteId: site.id, name: site.name } });
};

const inUse = (name: string, by: string): FormworkError =>
  new FormworkError('conflict', 'in-use', `site ${name} still has ${by}`);
