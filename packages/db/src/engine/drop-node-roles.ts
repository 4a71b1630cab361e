import type { Transaction } from '../transaction.ts';
import { changeNodeRoles } from './change-node-roles.ts';

/** Drops node-roles that rest and of which nothing is left anywhere, with the locks they may keep. */
export async function dropNodeRoles(tx: Transaction, ids: readonly string[], actor: string): Promise<void> {
  await changeNodeRoles(
    tx,
    ids.map((nodeRoleId) => ({
      nodeRoleId,
      event: { kind: 'dropped' as const },
      set: { runId: null, pending: null },
      actor,
    })),
  );
  await tx.query('DELETE FROM lock_holds WHERE node_role_id = ANY($1::uuid[])', [ids]);
}
