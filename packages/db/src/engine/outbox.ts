import { FormworkError, type JsonObject } from '@formwork/core';
import type { Transaction } from '../database.ts';

/** One node-role to be started, and the queue it goes to. */
export interface OutboxStep {
  readonly queue: string;
  readonly nodeRoleId: string;
  readonly dispatch: number;
}

/** Most node-roles in one job, and into how many jobs what starts at once is split at least. */
const mostInJob = 16;
const spread = 8;

/**
 * Writes jobs for what starts: a node-role each, or several together when many start at once, since a job costs the queue
 * more than the step costs us. A job is named after its first node-role and dispatch, which no other job has.
 */
export async function writeOutbox(tx: Transaction, steps: readonly OutboxStep[]): Promise<void> {
  if (steps.length === 0) return;
  const byQueue = new Map<string, OutboxStep[]>();
  for (const step of steps) {
    const queue = byQueue.get(step.queue);
    if (queue === undefined) byQueue.set(step.queue, [step]);
    else queue.push(step);
  }
  const jobs = [...byQueue].flatMap(([queue, own]) => {
    const size = Math.max(1, Math.min(mostInJob, Math.ceil(own.length / spread)));
    return Array.from({ length: Math.ceil(own.length / size) }, (_, index) => {
      const together = own.slice(index * size, (index + 1) * size);
      const [first] = together;
      return {
        queue,
        job_id: `${first?.nodeRoleId ?? ''}-${first?.dispatch ?? 0}`,
        data: { steps: together.map(({ nodeRoleId, dispatch }) => ({ nodeRoleId, dispatch })) } satisfies JsonObject,
      };
    });
  });
  await tx.query(
    `INSERT INTO outbox (queue, job_id, data)
     SELECT j.queue, j.job_id, j.data FROM jsonb_to_recordset($1::jsonb) AS j(queue text, job_id text, data jsonb)`,
    [JSON.stringify(jobs)],
  );
}

export interface OutboxRow {
  readonly id: string;
  readonly queue: string;
  readonly job_id: string;
  readonly data: JsonObject;
}

/** Hands rows to `send` and deletes them after it returned: a job may be sent twice, never not at all. */
export async function drainOutbox(
  tx: Transaction,
  send: (rows: readonly OutboxRow[]) => Promise<void>,
): Promise<number> {
  const rows = await tx.query<OutboxRow>(
    'SELECT id, queue, job_id, data FROM outbox ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED',
  );
  if (rows.length === 0) return 0;
  await send(rows);
  const deleted = await tx.query<{ id: string }>('DELETE FROM outbox WHERE id = ANY($1::bigint[]) RETURNING id', [
    rows.map((row) => row.id),
  ]);
  if (deleted.length !== rows.length)
    throw new FormworkError('internal', 'outbox-lost', 'outbox rows vanished under their lock');
  return rows.length;
}
