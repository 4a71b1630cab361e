import type { Database } from '../database.ts';
import type { Transaction } from '../transaction.ts';

/** Something wrong at a site, as long as it is. */
export interface SiteProblemRow {
  /** Words with hyphens: `other-dhcp-server`, `boot-process-failed`. */
  readonly code: string;
  /** What it is about: an address, a process. */
  readonly subject: string;
  readonly message: string;
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly times: number;
}

/** Shows a problem with its site, with an event when it is new. */
export async function reportSiteProblem(
  tx: Transaction,
  problem: {
    readonly siteId: string;
    readonly code: string;
    readonly subject: string;
    readonly message: string;
    readonly actor: string;
  },
): Promise<void> {
  const { siteId, code, subject, message } = problem;
  const [row] = await tx.query<{ times: number }>(
    `INSERT INTO site_problems (site_id, code, subject, message) VALUES ($1, $2, $3, $4)
     ON CONFLICT (site_id, code, subject) DO UPDATE SET message = excluded.message, last_at = clock_timestamp(),
       times = site_problems.times + 1
     RETURNING times`,
    [siteId, code, subject, message],
  );
  if (row?.times === 1) {
    tx.emit({ kind: 'site-problem.seen', actor: problem.actor, data: { siteId, code, subject, message } });
  }
}

/** A problem that is over; null as subject: all of that code. */
export async function endSiteProblem(
  tx: Transaction,
  problem: {
    readonly siteId: string;
    readonly code: string;
    readonly subject: string | null;
    readonly actor: string;
  },
): Promise<void> {
  const rows = await tx.query<{ subject: string }>(
    'DELETE FROM site_problems WHERE site_id = $1 AND code = $2 AND ($3::text IS NULL OR subject = $3) RETURNING subject',
    [problem.siteId, problem.code, problem.subject],
  );
  for (const { subject } of rows) {
    tx.emit({
      kind: 'site-problem.over',
      actor: problem.actor,
      data: { siteId: problem.siteId, code: problem.code, subject },
    });
  }
}

/** What is seen again and again is dropped once it was not seen for so long, milliseconds. */
export async function forgetUnseenProblems(
  tx: Transaction,
  seen: { readonly siteId: string; readonly code: string; readonly afterMs: number; readonly actor: string },
): Promise<void> {
  const rows = await tx.query<{ subject: string }>(
    `SELECT subject FROM site_problems WHERE site_id = $1 AND code = $2
       AND last_at < clock_timestamp() - $3 * interval '1 millisecond'`,
    [seen.siteId, seen.code, seen.afterMs],
  );
  for (const { subject } of rows) await endSiteProblem(tx, { ...seen, subject });
}

export async function readSiteProblems(
  db: Pick<Database, 'query'>,
  siteIds: readonly string[],
): Promise<ReadonlyMap<string, readonly SiteProblemRow[]>> {
  const rows = await db.query<{
    site_id: string;
    code: string;
    subject: string;
    message: string;
    first_at: Date;
    last_at: Date;
    times: number;
  }>(
    `SELECT site_id, code, subject, message, first_at, last_at, times FROM site_problems
     WHERE site_id = ANY($1::uuid[]) ORDER BY code, subject`,
    [siteIds],
  );
  const bySite = new Map<string, SiteProblemRow[]>();
  for (const { site_id: siteId, first_at: firstAt, last_at: lastAt, ...row } of rows) {
    bySite.set(siteId, [...(bySite.get(siteId) ?? []), { ...row, firstAt, lastAt }]);
  }
  return bySite;
}
