import type { Json } from '@formwork/core';
import type { Transaction } from '../transaction.ts';
import { dropNodeRoles } from './drop-node-roles.ts';

/**
 * What is left to do once the machines of a deployment are gone: its own node-roles are dropped and its keys and
 * secrets are forgotten. With leaks nothing is forgotten: somebody has to look.
 */
export async function destroyDeployment(
  tx: Transaction,
  deploymentId: string,
  leaks: readonly Json[],
  actor: string,
): Promise<void> {
  await tx.query('UPDATE deployments SET leaks = $2 WHERE id = $1', [deploymentId, JSON.stringify(leaks)]);
  if (leaks.length > 0) return;
  const rows = await tx.query<{ id: string }>(
    `SELECT id FROM node_roles WHERE deployment_id = $1 AND state <> 'removed' AND NOT holds ORDER BY id`,
    [deploymentId],
  );
  await dropNodeRoles(
    tx,
    rows.map((row) => row.id),
    actor,
  );
  await tx.query('UPDATE deployments SET ssh_public_key = NULL, ssh_private_key = NULL WHERE id = $1', [deploymentId]);
  await tx.query('DELETE FROM secrets WHERE scope = $1', [`deployment:${deploymentId}`]);
  await tx.query('DELETE FROM data_keys WHERE scope = $1', [`deployment:${deploymentId}`]);
}
