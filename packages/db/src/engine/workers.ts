import type { Database } from '../database.ts';

export interface WorkerRow {
  readonly id: string;
  readonly host: string;
  /** Site names it serves; empty serves all. */
  readonly sites: readonly string[];
  readonly slots: number;
  /** False when it has not been seen for three beats. */
  readonly alive: boolean;
}

/** A worker not seen for this long does not count any more, milliseconds. */
const goneAfterMs = 15_000;

export async function announceWorker(
  db: Pick<Database, 'query'>,
  worker: { readonly id: string; readonly host: string; readonly sites: readonly string[]; readonly slots: number },
): Promise<void> {
  await db.query(
    `INSERT INTO workers (id, host, sites, slots) VALUES ($1, $2, $3, $4)
     ON CONFLICT (id) DO UPDATE SET host = $2, sites = $3, slots = $4, seen_at = clock_timestamp()`,
    [worker.id, worker.host, JSON.stringify(worker.sites), worker.slots],
  );
}

export async function retireWorker(db: Pick<Database, 'query'>, id: string): Promise<void> {
  await db.query('DELETE FROM workers WHERE id = $1', [id]);
}

export async function listWorkers(db: Pick<Database, 'query'>): Promise<readonly WorkerRow[]> {
  return db.query<WorkerRow & { readonly alive: boolean }>(
    `SELECT id, host, sites, slots, seen_at > clock_timestamp() - $1 * interval '1 millisecond' AS alive FROM workers ORDER BY id`,
    [goneAfterMs],
  );
}

/** Rows of workers that ended without a word. */
export async function forgetGoneWorkers(db: Pick<Database, 'query'>): Promise<void> {
  await db.query(`DELETE FROM workers WHERE seen_at < clock_timestamp() - interval '10 minutes'`);
}
