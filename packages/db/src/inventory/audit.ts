import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '@formwork/core';
import type { Database } from '../database.ts';
import type { Transaction } from '../transaction.ts';
import type { PrismaClient } from '../generated/client.ts';
import { type Page, type PageRequest, positionNumber, toPage } from './page.ts';
import { asJson } from './stored-json.ts';

/** Who did what to what; `before` and `after` hold secrets by reference only. */
export interface NewAuditEntry {
  readonly actor: string;
  /** `site.create`, `plan.approve`, ... */
  readonly action: string;
  /** `site:here`, `deployment:edge`, ... */
  readonly subject: string;
  readonly before: Json;
  readonly after: Json;
  /** Where the request came from; null for the server itself. */
  readonly address: string | null;
}

export interface AuditEntry extends NewAuditEntry {
  readonly id: number;
  readonly at: Date;
  /** Hash of the entry before; empty for the first. */
  readonly previous: string;
  readonly hash: string;
}

/** Times are cut to milliseconds, which is what survives a round trip. */
const auditHash = (entry: Omit<AuditEntry, 'hash'>): string =>
  createHash('sha256')
    .update(canonicalJson({ ...entry, at: entry.at.toISOString() }))
    .digest('hex');

/**
 * Appends an entry to the chain, within the transaction of what it tells. The last thing to do before the commit: it
 * waits for, and holds back, everybody else who appends.
 */
export async function appendAudit(tx: Transaction, entry: NewAuditEntry): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtext('formwork.audit'))`);
  const [last] = await tx.query<{ id: string; hash: string }>('SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1');
  const [clock] = await tx.query<{ at: Date }>(`SELECT date_trunc('milliseconds', clock_timestamp()) AS at`);
  const whole = {
    id: Number(last?.id ?? 0) + 1,
    at: clock?.at ?? new Date(0),
    actor: entry.actor,
    action: entry.action,
    subject: entry.subject,
    before: entry.before,
    after: entry.after,
    address: entry.address,
    previous: last?.hash ?? '',
  };
  await tx.query(
    `INSERT INTO audit (id, at, actor, action, subject, before, after, address, previous, hash)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      whole.id,
      whole.at,
      whole.actor,
      whole.action,
      whole.subject,
      JSON.stringify(whole.before),
      JSON.stringify(whole.after),
      whole.address,
      whole.previous,
      auditHash(whole),
    ],
  );
}

/** The same database, whose transactions end with an audit entry: for engine functions that open their own. */
export function auditedDatabase(db: Database, entry: (result: unknown) => NewAuditEntry): Database {
  return {
    ...db,
    transaction: (work) =>
      db.transaction(async (tx) => {
        const result = await work(tx);
        await appendAudit(tx, entry(result));
        return result;
      }),
  };
}

/** The first entry that does not fit the chain; null when all do. Entries in order of id, `previous` of the first given. */
export function brokenAuditLink(entries: readonly AuditEntry[], previous: string): AuditEntry | null {
  let expected = previous;
  for (const { hash, ...entry } of entries) {
    if (entry.previous !== expected || auditHash(entry) !== hash) return { ...entry, hash };
    expected = hash;
  }
  return null;
}

export const auditInventory = (prisma: PrismaClient) => ({
  /** Newest first. */
  async list(
    query: PageRequest & { readonly actor?: string; readonly action?: string; readonly target?: string },
  ): Promise<Page<AuditEntry>> {
    const before = positionNumber(query.after);
    const rows = await prisma.audit.findMany({
      where: {
        ...(before === null ? {} : { id: { lt: before } }),
        ...(query.actor === undefined ? {} : { actor: query.actor }),
        ...(query.action === undefined ? {} : { action: query.action }),
        ...(query.target === undefined ? {} : { subject: query.target }),
      },
      orderBy: { id: 'desc' },
      take: query.limit + 1,
    });
    const entries = rows.map((row) => ({
      ...row,
      id: Number(row.id),
      before: asJson(row.before),
      after: asJson(row.after),
    }));
    return toPage(entries, query.limit, (row) => [String(row.id)]);
  },
});
