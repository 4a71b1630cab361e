import { FormworkError } from '@formwork/core';
import type { Transaction } from '../transaction.ts';
import { requireVersion } from './require-version.ts';

/** What a person may say about a node; what is absent stays. */
export interface NodeSettings {
  readonly labels?: Readonly<Record<string, string>>;
  readonly locked?: boolean;
  readonly maintenance?: boolean;
  readonly lost?: true;
}

interface Target {
  readonly id: string;
  readonly expectedVersion: number | null;
  readonly actor: string;
}

/** The scheduler hears of it by the event and judges anew. */
export async function changeNode(tx: Transaction, node: Target & { readonly settings: NodeSettings }): Promise<void> {
  const { settings } = node;
  const row = await lockNode(tx, node);
  await tx.query(
    `UPDATE nodes SET labels = COALESCE($2::jsonb, labels), locked = COALESCE($3, locked), maintenance = COALESCE($4, maintenance),
       lost = COALESCE($5, lost), version = version + 1, updated_at = clock_timestamp() WHERE id = $1`,
    [
      node.id,
      settings.labels === undefined ? null : JSON.stringify(settings.labels),
      settings.locked ?? null,
      settings.maintenance ?? null,
      settings.lost ?? null,
    ],
  );
  tx.emit({
    kind: 'node.changed',
    actor: node.actor,
    deploymentId: row.deployment_id,
    nodeId: node.id,
    data: { name: row.name, ...settings },
  });
}

/** Forgets a node that nobody wants: destroyed, bound to no deployment, or lost with nothing left of it to take away. */
export async function forgetNode(tx: Transaction, node: Target): Promise<void> {
  const row = await lockNode(tx, node);
  const living = await tx.query(`SELECT id FROM node_roles WHERE node_id = $1 AND state <> 'removed' LIMIT 1`, [
    node.id,
  ]);
  const unwanted = row.state === 'destroyed' || row.deployment_id === null || (row.lost && living.length === 0);
  if (!unwanted) {
    throw new FormworkError(
      'conflict',
      'in-use',
      `node ${row.name} still belongs to a deployment; lower its group's count or omit its ordinal, or destroy the deployment`,
    );
  }
  await tx.query('DELETE FROM nodes WHERE id = $1', [node.id]);
  tx.emit({ kind: 'node.forgotten', actor: node.actor, deploymentId: row.deployment_id, data: { name: row.name } });
}

async function lockNode(tx: Transaction, node: Target) {
  const [row] = await tx.query<{
    name: string;
    state: string;
    lost: boolean;
    deployment_id: string | null;
    version: number;
  }>('SELECT name, state, lost, deployment_id, version FROM nodes WHERE id = $1 FOR UPDATE', [node.id]);
  if (row === undefined) throw new FormworkError('not-found', 'not-found', 'the node is gone');
  requireVersion('the node', row.version, node.expectedVersion);
  return row;
}
