import { type Database, drainOutbox, type OutboxRow } from '@formwork/db';
import type { Queues } from '../queue/queues.ts';
import { type WorkJob, workJob } from '../worker/worker.ts';

/**
 * Brings what was committed to the queue. Rows that it knows are sent as they are and stay in the table until a later
 * statement takes them along; whatever else lies there, of a leader before us or of the API, is read and sent.
 */
export interface OutboxSender {
  /** Sends rows that were committed just now; when the queue does not take them they stay for the next `drain`. */
  send(rows: readonly OutboxRow[]): Promise<void>;
  /** Sends what lies in the table; throws when the queue does not take it. */
  drain(): Promise<void>;
  /** Rows that the queue has and that are to be deleted. */
  sent(): readonly string[];
  /** These were deleted. */
  forget(ids: readonly string[]): void;
}

export function openOutboxSender(deps: {
  readonly db: Database;
  readonly queues: Pick<Queues<WorkJob>, 'add'>;
}): OutboxSender {
  const sent = new Set<string>();
  const add = async (rows: readonly OutboxRow[]): Promise<void> => {
    const byQueue = new Map<string, { id: string; data: WorkJob }[]>();
    for (const row of rows) {
      const jobs = byQueue.get(row.queue) ?? [];
      jobs.push({ id: row.job_id, data: workJob.parse(row.data) });
      byQueue.set(row.queue, jobs);
    }
    await Promise.all([...byQueue].map(([queue, jobs]) => deps.queues.add(queue, jobs)));
  };
  const forget = (ids: readonly string[]): void => {
    for (const id of ids) sent.delete(id);
  };
  return {
    async send(rows) {
      if (rows.length === 0) return;
      await add(rows);
      for (const row of rows) sent.add(row.id);
    },
    async drain() {
      for (let more = true; more; ) {
        const gone = [...sent];
        more = await deps.db.transaction((tx) => drainOutbox(tx, gone, add));
        forget(gone);
      }
    },
    sent: () => [...sent],
    forget,
  };
}
