import type { RoleBundle } from '@formwork/core';
import type { Database } from '../database.ts';
import { type NodeRoleColumns, nodeRoleColumns, type NodeRoleRow, parseNodeRole } from './node-role-row.ts';

/** What is taken right now over all deployments: admission's starting point. */
export interface Holding {
  readonly rows: readonly { readonly row: NodeRoleRow; readonly site: string | null }[];
  readonly locks: readonly {
    readonly name: string;
    readonly scopeKey: string;
    readonly key: string;
    readonly nodeRoleId: string;
  }[];
}

export async function readHolding(db: Pick<Database, 'query'>): Promise<Holding> {
  const [rows, locks] = await Promise.all([readHoldingWhere(db, 'true'), readLocks(db)]);
  return { rows, locks };
}

/** What holds and belongs to no live run: cancelled, and not yet proved quiet. */
export const readForeignHolding = (db: Pick<Database, 'query'>): Promise<Holding['rows']> =>
  readHoldingWhere(
    db,
    // An array: it is made once, not looked up for each row that holds.
    `(n.run_id IS NULL OR n.run_id <> ALL (ARRAY(SELECT id FROM runs WHERE state = 'running')))`,
  );

async function readHoldingWhere(db: Pick<Database, 'query'>, condition: string): Promise<Holding['rows']> {
  const rows = await db.query<NodeRoleColumns & { site: string | null }>(
    `SELECT ${nodeRoleColumns}, s.name AS site FROM node_roles n
     LEFT JOIN attempts a ON a.node_role_id = n.id AND a.number = n.attempt
     LEFT JOIN nodes ran ON ran.id = (a.resume->>'nodeId')::uuid
     LEFT JOIN sites s ON s.id = COALESCE(n.site_id, ran.site_id)
     WHERE n.holds AND ${condition}`,
  );
  return rows.map((columns) => ({ row: parseNodeRole(columns), site: columns.site }));
}

export const readLocks = (db: Pick<Database, 'query'>): Promise<Holding['locks']> =>
  db.query<{ name: string; scopeKey: string; key: string; nodeRoleId: string }>(
    `SELECT l.name, l.scope_key AS "scopeKey", n.key, l.node_role_id AS "nodeRoleId"
     FROM lock_holds l JOIN node_roles n ON n.id = l.node_role_id`,
  );

/** A role with its scripts, for as long as anything names its digest. */
export async function readBundle(db: Pick<Database, 'query'>, digest: string): Promise<RoleBundle | null> {
  const [row] = await db.query<{ document: RoleBundle }>('SELECT document FROM role_bundles WHERE digest = $1', [
    digest,
  ]);
  return row?.document ?? null;
}
