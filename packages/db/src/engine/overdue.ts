import type { Transaction } from '../transaction.ts';

/** Deployments whose time to live is over and that nobody is destroying yet. */
export async function readExpired(tx: Pick<Transaction, 'query'>): Promise<readonly string[]> {
  const rows = await tx.query<{ name: string }>(
    `SELECT name FROM deployments WHERE expires_at <= clock_timestamp() AND state IN ('new', 'running', 'active', 'failed')`,
  );
  return rows.map((row) => row.name);
}

/** Sites with machines that nobody has looked at for a while and that are not being asked now. */
export async function readUnwatchedSites(tx: Pick<Transaction, 'query'>, afterMs: number): Promise<readonly string[]> {
  const rows = await tx.query<{ id: string }>(
    `SELECT s.id FROM sites s
     WHERE EXISTS (SELECT 1 FROM nodes n WHERE n.site_id = s.id AND n.state IN ('ready', 'unreachable'))
       AND NOT EXISTS (
         SELECT 1 FROM site_tasks t WHERE t.site_id = s.id AND t.kind = 'observe'
           AND (t.state = 'asked' OR t.ended_at > clock_timestamp() - $1 * interval '1 millisecond')
       )`,
    [afterMs],
  );
  return rows.map((row) => row.id);
}

/** Answered questions are of no use after a day. */
export async function forgetOldSiteTasks(tx: Pick<Transaction, 'query'>): Promise<void> {
  await tx.query(`DELETE FROM site_tasks WHERE state <> 'asked' AND ended_at < clock_timestamp() - interval '1 day'`);
  await tx.query(
    `DELETE FROM site_tasks WHERE kind = 'observe' AND state <> 'asked' AND ended_at < clock_timestamp() - interval '10 minutes'`,
  );
}

/** Events are kept 90 days; the audit log is a table of its own. */
export async function forgetOldEvents(tx: Pick<Transaction, 'query'>): Promise<void> {
  await tx.query(`DELETE FROM events WHERE at < clock_timestamp() - interval '90 days'`);
}
