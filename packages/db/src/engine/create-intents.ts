import type { Database } from '../database.ts';

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
