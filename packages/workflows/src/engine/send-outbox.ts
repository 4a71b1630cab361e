import { type Database, drainOutbox } from '@formwork/db';
import type { Queues } from '../queue/queues.ts';
import { type WorkJob, workJob } from '../worker/worker.ts';

/** Moves what was committed to the queue; what the queue does not take stays for the next time. */
export async function sendOutbox(deps: { readonly db: Database; readonly queues: Queues<WorkJob> }): Promise<void> {
  for (;;) {
    const sent = await deps.db.transaction((tx) =>
      drainOutbox(tx, async (rows) => {
        const byQueue = new Map<string, { id: string; data: WorkJob }[]>();
        for (const row of rows) {
          const jobs = byQueue.get(row.queue) ?? [];
          jobs.push({ id: row.job_id, data: workJob.parse(row.data) });
          byQueue.set(row.queue, jobs);
        }
        await Promise.all([...byQueue].map(([queue, jobs]) => deps.queues.add(queue, jobs)));
      }),
    );
    if (sent === 0) return;
  }
}
