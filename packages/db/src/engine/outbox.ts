import { FormworkError, type JsonObject } from '@formwork/core';
import type { Transaction } from '../transaction.ts';

/** One node-role to be started, and the queue it goes to. */
export interface OutboxStep {
  readonly queue: string;
  readonly nodeRoleId: string;
  readonly dispatch: number;
}

/** Most node-roles in one job, and into how many jobs for each worker what starts at once is split at least. */
const mostInJob = 16;
const jobsEach = 4;

/**
 * Writes jobs for what starts: a node-role each, or several together when many start at once, since a job costs the queue
 * more than the step costs us. A lone worker gets all of it anyway; among several it is spread. A job is named after its
 * first node-role and dispatch, which no other job has. Rows that were `sent` before go in the same statement.
 */
export async function writeOutbox(
  tx: Transaction,
  steps: readonly OutboxStep[],
  workers: number,
  sent: readonly string[] = [],
): Promise<readonly OutboxRow[]> {
  if (steps.length === 0) return [];
  const byQueue = new Map<string, OutboxStep[]>();
  for (const step of steps) {
    const queue = byQueue.get(step.queue);
    if (queue === undefined) byQueue.set(step.queue, [step]);
    else queue.push(step);
  }
  const jobs = [...byQueue].flatMap(([queue, own]) => {
    const size = workers <= 1 ? mostInJob : Math.min(mostInJob, Math.ceil(own.length / (jobsEach * workers)));
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
  const rows = await tx.query<{ id: string; job_id: string }>(
    `WITH gone AS (DELETE FROM outbox WHERE id = ANY($2::bigint[]))
     INSERT INTO outbox (queue, job_id, data)
     SELECT j.queue, j.job_id, j.data FROM jsonb_to_recordset($1::jsonb) AS j(queue text, job_id text, data jsonb)
     RETURNING id, job_id`,
    [JSON.stringify(jobs), [...sent]],
  );
  const ids = new Map(rows.map((row) => [row.job_id, row.id]));
  return jobs.map((job) => ({ ...job, id: ids.get(job.job_id) ?? '' }));
}

export interface OutboxRow {
  readonly id: string;
  readonly queue: string;
  readonly job_id: string;
  readonly data: JsonObject;
}

const mostSent = 500;

/**
 * Deletes the rows that were sent, hands the others to `send` and deletes them after it returned: a job may be sent twice,
 * never not at all. Answers whether there may be more.
 */
export async function drainOutbox(
  tx: Transaction,
  sent: readonly string[],
  send: (rows: readonly OutboxRow[]) => Promise<void>,
): Promise<boolean> {
  const rows = await tx.query<OutboxRow>(
    `WITH gone AS (DELETE FROM outbox WHERE id = ANY($2::bigint[]))
     SELECT id, queue, job_id, data FROM outbox WHERE id <> ALL($2::bigint[]) ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED`,
    [mostSent, [...sent]],
  );
  if (rows.length === 0) return false;
  await send(rows);
  const deleted = await tx.query<{ id: string }>('DELETE FROM outbox WHERE id = ANY($1::bigint[]) RETURNING id', [
    rows.map((row) => row.id),
  ]);
  if (deleted.length !== rows.length)
    throw new FormworkError('internal', 'outbox-lost', 'outbox rows vanished under their lock');
  return rows.length === mostSent;
}
