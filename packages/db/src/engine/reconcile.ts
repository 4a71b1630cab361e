import type { Transaction } from '../transaction.ts';
import { queuedDriveMs } from './admit.ts';
import { writeOutbox } from './outbox.ts';

/**
 * The backstop: whatever holds and should have been heard of by now goes on the queue again. That is a queued job that
 * no worker took, a wait that is over, and an execution whose worker's lease has run out.
 */
export async function redrive(tx: Transaction, queueOf: (row: RedriveRow) => string, workers: number): Promise<void> {
  const rows = await tx.query<RedriveRow>(
    // Each of the three by an index of its own; a time that stands still within the statement lets them be used.
    `WITH due AS (
       SELECT id FROM node_roles WHERE holds AND drive_at <= statement_timestamp()
       UNION ALL SELECT n.id FROM claims c JOIN node_roles n ON n.id = c.node_role_id
         WHERE c.lease_until <= statement_timestamp() AND n.holds AND n.drive_at IS NULL
       UNION ALL SELECT n.id FROM node_roles n
         WHERE n.holds AND n.drive_at IS NULL AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.node_role_id = n.id)
     )
     UPDATE node_roles n SET dispatch = n.dispatch + 1, drive_at = clock_timestamp() + $1 * interval '1 millisecond'
     FROM due
     WHERE n.id = due.id AND n.holds AND n.run_id IS NOT NULL AND (n.drive_at IS NULL OR n.drive_at <= statement_timestamp())
     RETURNING n.id, n.dispatch, n.site_id AS "siteId",
       (SELECT m.site_id FROM attempts a JOIN nodes m ON m.id = (a.resume->>'nodeId')::uuid
        WHERE a.node_role_id = n.id AND a.number = n.attempt) AS "runsOnSiteId"`,
    [queuedDriveMs],
  );
  await writeOutbox(
    tx,
    rows.map((row) => ({ queue: queueOf(row), nodeRoleId: row.id, dispatch: row.dispatch })),
    workers,
  );
}

/** Steps that a worker took and cannot begin: the backstop sends them again at once. */
export async function sendBack(
  tx: Transaction,
  steps: readonly { readonly nodeRoleId: string; readonly dispatch: number }[],
): Promise<void> {
  await tx.query(
    `UPDATE node_roles n SET drive_at = clock_timestamp()
     FROM jsonb_to_recordset($1::jsonb) AS s(node_role_id uuid, dispatch int)
     WHERE n.id = s.node_role_id AND n.dispatch = s.dispatch AND n.holds
       AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.node_role_id = n.id AND c.lease_until > clock_timestamp())`,
    [JSON.stringify(steps.map((step) => ({ node_role_id: step.nodeRoleId, dispatch: step.dispatch })))],
  );
}

export interface RedriveRow {
  readonly id: string;
  readonly dispatch: number;
  readonly siteId: string | null;
  /** For `runsOn`: where its attempt was started. */
  readonly runsOnSiteId: string | null;
}

/** Milliseconds until the next thing the backstop would drive; null when nothing holds. */
export async function nextDriveInMs(tx: Transaction): Promise<number | null> {
  const [row] = await tx.query<{ ms: number | null }>(
    `SELECT EXTRACT(EPOCH FROM LEAST(
         (SELECT min(drive_at) FROM node_roles WHERE holds), (SELECT min(lease_until) FROM claims)
       ) - clock_timestamp())::float8 * 1000 AS ms`,
  );
  return row?.ms ?? null;
}
