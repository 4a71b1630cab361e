import type { Transaction } from '../transaction.ts';
import { changeLockedNodeRoles, type ChangeResult, lockNodeRoles, type NodeRoleChange } from './change-node-roles.ts';
import { type OutboxRow, type OutboxStep, writeOutbox } from './outbox.ts';

/** A node-role that admission lets start, and where its job goes. */
export interface Admitted {
  readonly nodeRoleId: string;
  readonly version: number;
  readonly queue: string;
  /** Still blocked, and released by the graph just now: both steps are one write. */
  readonly release: boolean;
  /** Null where the role has no lock or it does not hold for this start. */
  readonly lock: { readonly name: string; readonly scopeKey: string } | null;
}

/** How long a queued job may stay unheard before it is put on the queue again, milliseconds. */
export const queuedDriveMs = 15_000;

/** The advisory lock under which admissions happen one at a time, whoever makes them. */
const admissionLock = 7_270_737_001;

export interface AdmissionRequest {
  readonly asked: readonly Admitted[];
  /** Released by the graph and not to start: they become ready in the same write. */
  readonly released: readonly NodeRoleChange[];
  readonly actor: string;
  /** How many will share the work. */
  readonly workers: number;
  /** Rows of the outbox that the queue has. */
  readonly sent: readonly string[];
}

/** What became of those that were asked to start or released, and the jobs to be sent once this is committed. */
export interface Admission {
  readonly changes: readonly { readonly nodeRoleId: string; readonly result: ChangeResult }[];
  readonly jobs: readonly OutboxRow[];
}

/**
 * Starts what may start: states, locks and outbox in one transaction. Left out is what moved meanwhile, and what belongs
 * to a run that is over or to a deployment that is paused: whoever asked for that sees nothing start from then on.
 */
export async function admitNodeRoles(tx: Transaction, request: AdmissionRequest): Promise<Admission> {
  const { asked, actor } = request;
  const ids = [...asked, ...request.released].map((one) => one.nodeRoleId);
  const [admitted, rows] = await Promise.all([asked.length === 0 ? [] : holdStill(tx, asked), lockNodeRoles(tx, ids)]);
  const locked = admitted.filter((one) => one.lock !== null);
  const got = new Set<string>();
  if (locked.length > 0) {
    // A retried node-role may hold its lock already: its own row is as good as a new one.
    const held = await tx.query<{ node_role_id: string }>(
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
    for (const row of held) got.add(row.node_role_id);
  }
  const startable = admitted.filter((one) => one.lock === null || got.has(one.nodeRoleId));
  const left = asked.filter((one) => one.release && !startable.includes(one));
  const changes: NodeRoleChange[] = [
    ...startable.map((one) => ({
      nodeRoleId: one.nodeRoleId,
      ...(one.release ? { before: { kind: 'released' as const } } : {}),
      event: { kind: 'enqueued' as const },
      guard: { version: one.version },
      set: { bumpDispatch: true as const, driveInMs: queuedDriveMs },
      actor,
    })),
    ...left.map((one) => ({
      nodeRoleId: one.nodeRoleId,
      event: { kind: 'released' as const },
      guard: { version: one.version },
      actor,
    })),
    ...request.released,
  ];
  const results = changeLockedNodeRoles(tx, changes, rows);
  const steps: OutboxStep[] = [];
  const refused: string[] = [];
  startable.forEach((one, index) => {
    const result = results[index];
    if (result?.ok === true)
      steps.push({ queue: one.queue, nodeRoleId: one.nodeRoleId, dispatch: result.row.dispatch });
    else if (one.lock !== null) refused.push(one.nodeRoleId);
  });
  if (refused.length > 0) tx.write('DELETE FROM lock_holds WHERE node_role_id = ANY($1::uuid[])', [refused]);
  return {
    changes: results.map((result, index) => ({ nodeRoleId: changes[index]?.nodeRoleId ?? '', result })),
    jobs: await writeOutbox(tx, steps, request.workers, request.sent),
  };
}

/**
 * One admission at a time; holds the deployments as they are until the commit: a pause or a cancel comes before or after
 * it, not between. Answers what is left of live runs that are not paused.
 */
async function holdStill(tx: Transaction, asked: readonly Admitted[]): Promise<readonly Admitted[]> {
  tx.write('SELECT pg_advisory_xact_lock($1)', [admissionLock]);
  const ids = asked.map((one) => one.nodeRoleId);
  tx.write(
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
