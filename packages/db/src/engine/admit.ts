import type { Transaction } from '../database.ts';
import { type ChangeResult, changeNodeRoles } from './change-node-roles.ts';
import { type OutboxStep, writeOutbox } from './outbox.ts';

/** A node-role that admission lets start, and where its job goes. */
export interface Admitted {
  readonly nodeRoleId: string;
  readonly version: number;
  readonly queue: string;
  /** Null where the role has no lock or it does not hold for this start. */
  readonly lock: { readonly name: string; readonly scopeKey: string } | null;
}

/** How long a queued job may stay unheard before it is put on the queue again, milliseconds. */
export const queuedDriveMs = 15_000;

/** The advisory lock under which admissions happen one at a time, whoever makes them. */
const admissionLock = 7_270_737_001;

/** What became of one that was asked to start. */
export interface Admission {
  readonly nodeRoleId: string;
  readonly result: ChangeResult;
}

/**
 * Starts what may start: states, locks and outbox in one transaction. Left out is what moved meanwhile, and what belongs
 * to a run that is over or to a deployment that is paused: whoever asked for that sees nothing start from then on.
 */
export async function admitNodeRoles(
  tx: Transaction,
  asked: readonly Admitted[],
  actor: string,
): Promise<readonly Admission[]> {
  if (asked.length === 0) return [];
  await tx.query('SELECT pg_advisory_xact_lock($1)', [admissionLock]);
  const admitted = await withoutStopped(tx, asked);
  if (admitted.length === 0) return [];
  const locked = admitted.filter((one) => one.lock !== null);
  const got = new Set<string>();
  if (locked.length > 0) {
    // A retried node-role may hold its lock already: its own row is as good as a new one.
    const rows = await tx.query<{ node_role_id: string }>(
      `WITH wanted AS (
         SELECT * FROM jsonb_to_recordset($1::jsonb) AS w(name text, scope_key text, node_role_id uuid)
       ), taken AS (
         INSERT INTO lock_holds (name, scope_key, node_role_id) SELECT name, scope_key, node_role_id FROM wanted
         ON CONFLICT DO NOTHING RETURNING node_role_id
       )
       SELECT node_role_id FROM taken
       UNION SELECT h.node_role_id FROM lock_holds h JOIN wanted w ON w.name = h.name AND w.scope_key = h.scope_key AND w.node_role_id = h.node_role_id`,
      [
        JSON.stringify(
          locked.map((one) => ({ name: one.lock?.name, scope_key: one.lock?.scopeKey, node_role_id: one.nodeRoleId })),
        ),
      ],
    );
    for (const row of rows) got.add(row.node_role_id);
  }
  const startable = admitted.filter((one) => one.lock === null || got.has(one.nodeRoleId));
  const results = await changeNodeRoles(
    tx,
    startable.map((one) => ({
      nodeRoleId: one.nodeRoleId,
      event: { kind: 'enqueued' as const },
      guard: { version: one.version },
      set: { bumpDispatch: true as const, driveInMs: queuedDriveMs },
      actor,
    })),
  );
  const steps: OutboxStep[] = [];
  results.forEach((result, index) => {
    const one = startable[index];
    if (!result.ok || one === undefined) return;
    steps.push({ queue: one.queue, nodeRoleId: one.nodeRoleId, dispatch: result.row.dispatch });
  });
  const refused = startable.filter((_, index) => results[index]?.ok !== true && startable[index]?.lock !== null);
  if (refused.length > 0) {
    await tx.query('DELETE FROM lock_holds WHERE node_role_id = ANY($1::uuid[])', [
      refused.map((one) => one.nodeRoleId),
    ]);
  }
  await writeOutbox(tx, steps);
  return results.flatMap((result, index) => {
    const nodeRoleId = startable[index]?.nodeRoleId;
    return nodeRoleId === undefined ? [] : [{ nodeRoleId, result }];
  });
}

/** Holds the deployments as they are until the commit: a pause or a cancel comes before or after it, not between. */
async function withoutStopped(tx: Transaction, asked: readonly Admitted[]): Promise<readonly Admitted[]> {
  const ids = asked.map((one) => one.nodeRoleId);
  await tx.query(
    `SELECT id FROM deployments WHERE id IN (SELECT deployment_id FROM node_roles WHERE id = ANY($1::uuid[]))
     ORDER BY id FOR SHARE`,
    [ids],
  );
  // A statement of its own: what was committed while we waited for the lock is seen.
  const rows = await tx.query<{ id: string }>(
    `SELECT n.id FROM node_roles n JOIN deployments d ON d.id = n.deployment_id JOIN runs r ON r.id = n.run_id
     WHERE n.id = ANY($1::uuid[]) AND NOT d.paused AND r.state = 'running'`,
    [ids],
  );
  const live = new Set(rows.map((row) => row.id));
  return asked.filter((one) => live.has(one.nodeRoleId));
}
