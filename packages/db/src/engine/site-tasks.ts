import type { Json, JsonObject } from '@formwork/core';
import type { Database } from '../database.ts';
import type { Transaction } from '../transaction.ts';

/** Questions to a site that only a worker that serves it can ask. */
export type SiteTaskKind = 'check' | 'catalogue' | 'leak-check' | 'power' | 'machine-power' | 'console' | 'observe';

export interface SiteTask {
  readonly id: string;
  readonly siteId: string;
  readonly kind: SiteTaskKind;
  readonly params: JsonObject;
  readonly state: 'asked' | 'done' | 'failed';
  readonly result: Json;
  readonly dispatch: number;
}

interface Columns {
  readonly id: string;
  readonly site_id: string;
  readonly kind: SiteTaskKind;
  readonly params: JsonObject;
  readonly state: SiteTask['state'];
  readonly result: Json;
  readonly dispatch: number;
}

const parse = (row: Columns): SiteTask => ({
  id: row.id,
  siteId: row.site_id,
  kind: row.kind,
  params: row.params,
  state: row.state,
  result: row.result,
  dispatch: row.dispatch,
});

export const siteTaskQueue = (siteId: string): string => `site.${siteId}.task`;

export async function askSite(
  tx: Transaction,
  task: {
    readonly id: string;
    readonly siteId: string;
    readonly kind: SiteTaskKind;
    readonly params: JsonObject;
    readonly actor: string;
  },
): Promise<void> {
  await tx.query('INSERT INTO site_tasks (id, site_id, kind, params, requested_by) VALUES ($1, $2, $3, $4, $5)', [
    task.id,
    task.siteId,
    task.kind,
    JSON.stringify(task.params),
    task.actor,
  ]);
  await tx.query('INSERT INTO outbox (queue, job_id, data) VALUES ($1, $2, $3)', [
    siteTaskQueue(task.siteId),
    `${task.id}-1`,
    JSON.stringify({ siteTaskId: task.id, dispatch: 1 }),
  ]);
  tx.emit({ kind: 'site-task.asked', actor: task.actor, data: { id: task.id, siteId: task.siteId, kind: task.kind } });
}

export async function readSiteTask(db: Pick<Database, 'query'>, id: string): Promise<SiteTask | null> {
  const [row] = await db.query<Columns>(
    'SELECT id, site_id, kind, params, state, result, dispatch FROM site_tasks WHERE id = $1',
    [id],
  );
  return row === undefined ? null : parse(row);
}

/** Records the answer; what a check or a catalogue found is kept with the site. */
export async function answerSiteTask(
  tx: Transaction,
  answer: { readonly id: string; readonly ok: boolean; readonly result: Json; readonly actor: string },
): Promise<boolean> {
  const [task] = await tx.query<Columns>(
    `UPDATE site_tasks SET state = $2, result = $3, ended_at = clock_timestamp() WHERE id = $1 AND state = 'asked'
     RETURNING id, site_id, kind, params, state, result, dispatch`,
    [answer.id, answer.ok ? 'done' : 'failed', JSON.stringify(answer.result)],
  );
  if (task === undefined) return false;
  if (answer.ok && (task.kind === 'check' || task.kind === 'catalogue')) {
    const column = task.kind === 'check' ? '"check"' : 'catalogue';
    await tx.query(`UPDATE sites SET ${column} = $2, updated_at = now() WHERE id = $1`, [
      task.site_id,
      JSON.stringify(answer.result),
    ]);
  }
  tx.emit({
    kind: `site-task.${answer.ok ? 'done' : 'failed'}`,
    actor: answer.actor,
    data: { id: task.id, siteId: task.site_id, kind: task.kind },
  });
  return true;
}

/** Questions nobody answered go out again; the first answer counts. */
export async function redriveSiteTasks(tx: Transaction): Promise<void> {
  await tx.query(
    `WITH again AS (
       UPDATE site_tasks SET dispatch = dispatch + 1
       WHERE state = 'asked' AND created_at < clock_timestamp() - dispatch * interval '20 seconds' AND dispatch < 30
       RETURNING id, site_id, dispatch
     )
     INSERT INTO outbox (queue, job_id, data)
     SELECT 'site.' || site_id || '.task', id || '-' || dispatch, jsonb_build_object('siteTaskId', id, 'dispatch', dispatch) FROM again`,
  );
}
