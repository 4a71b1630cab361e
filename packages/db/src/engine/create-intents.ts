import type { Database, Transaction } from '../database.ts';

/** Whether the claim with this fence is still the last one; holds it until the transaction ends. */
export async function isClaimedBy(tx: Pick<Transaction, 'query'>, nodeRoleId: string, fence: number): Promise<boolean> {
  const rows = await tx.query('SELECT node_role_id FROM claims WHERE node_role_id = $1 AND fence = $2 FOR UPDATE', [
    nodeRoleId,
    fence,
  ]);
  return rows.length > 0;
}

export interface CreateIntent {
  readonly key: string;
  readonly nodeId: string;
  readonly incarnation: number;
  readonly candidate: number;
}

/** Committed before the provider is asked for a machine: after a crash we know what to look for. */
export async function recordCreateIntent(db: Pick<Database, 'query'>, intent: CreateIntent): Promise<void> {
  await db.query(
    'INSERT INTO create_intents (key, node_id, incarnation, candidate) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
    [intent.key, intent.nodeId, intent.incarnation, intent.candidate],
  );
}
