import {
  type BootSession,
  type BootSessionStore,
  type ClaimDecision,
  type ClaimRequest,
  decideClaim,
} from '@formwork/core';
import type { Database } from '../database.ts';
import type { Transaction } from '../transaction.ts';

interface Columns {
  readonly id: string;
  readonly site_id: string;
  readonly machine_id: string;
  readonly kind: BootSession['kind'];
  readonly mac: string | null;
  readonly address: string | null;
  readonly state: BootSession['state'];
  readonly public_key: string | null;
  readonly counter: string;
  readonly expires_at: Date;
  readonly token_hash: string | null;
  readonly now: Date;
}

/** Tokens of a machine that may be open at once: a ROM asks again when an answer gets lost. */
const mostOpen = 4;
const columns = `id, site_id, machine_id, kind, mac, address, state, public_key, counter, expires_at, token_hash, clock_timestamp() AS now`;

/** Boot sessions in Postgres; times are the database's. */
export function openBootSessions(db: Pick<Database, 'query' | 'transaction'>): BootSessionStore {
  return {
    open: (session) =>
      db.transaction(async (tx) => {
        await tx.query(
          `INSERT INTO boot_sessions (id, site_id, machine_id, kind, token_hash, mac, address, state, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', clock_timestamp() + $8 * interval '1 millisecond')`,
          [
            session.id,
            session.siteId,
            session.machineId,
            session.kind,
            session.tokenHash,
            session.mac.toLowerCase(),
            session.address,
            session.lifetimeMs,
          ],
        );
        await tx.query(
          `DELETE FROM boot_sessions WHERE machine_id = $1 AND state = 'open' AND id NOT IN (
             SELECT id FROM boot_sessions WHERE machine_id = $1 AND state = 'open' ORDER BY created_at DESC, id LIMIT $2)`,
          [session.machineId, mostOpen],
        );
      }),
    openFirstBoot: (session) =>
      db.transaction(async (tx) => {
        await tx.query(
          `UPDATE boot_sessions SET state = 'ended' WHERE machine_id = $1 AND kind = 'first-boot' AND id <> $2 AND state = 'claimed'`,
          [session.machineId, session.id],
        );
        await tx.query(
          `INSERT INTO boot_sessions (id, site_id, machine_id, kind, state, public_key, claimed_at, expires_at)
           VALUES ($1, $2, $3, 'first-boot', 'claimed', $4, clock_timestamp(), clock_timestamp() + $5 * interval '1 millisecond')
           ON CONFLICT (id) DO NOTHING`,
          [session.id, session.siteId, session.machineId, session.publicKey, session.lifetimeMs],
        );
      }),
    claim: (tokenHash, claim) => db.transaction((tx) => claimIn(tx, tokenHash, claim)),
    find: async (id) => {
      const [row] = await db.query<Columns>(`SELECT ${columns} FROM boot_sessions WHERE id = $1`, [id]);
      return row === undefined ? null : parse(row);
    },
    accept: async (id, counter, lifetimeMs) => {
      const rows = await db.query(
        `UPDATE boot_sessions SET counter = $2,
           expires_at = CASE kind WHEN 'first-boot' THEN expires_at ELSE clock_timestamp() + $3 * interval '1 millisecond' END
         WHERE id = $1 AND state = 'claimed' AND counter < $2 AND expires_at > clock_timestamp() RETURNING id`,
        [id, counter, lifetimeMs],
      );
      return rows.length > 0;
    },
    end: async (id) => {
      await db.query(`UPDATE boot_sessions SET state = 'ended' WHERE id = $1 AND state IN ('open', 'claimed')`, [id]);
    },
  };
}

async function claimIn(tx: Transaction, tokenHash: string, claim: ClaimRequest): Promise<ClaimDecision> {
  const [found] = await tx.query<{ machine_id: string }>('SELECT machine_id FROM boot_sessions WHERE token_hash = $1', [
    tokenHash,
  ]);
  // All of the machine, in one order: of claims of two of its tokens at once the second sees what the first did.
  const rows =
    found === undefined
      ? []
      : await tx.query<Columns>(
          `SELECT ${columns} FROM boot_sessions WHERE machine_id = $1 AND kind <> 'first-boot' ORDER BY id FOR UPDATE`,
          [found.machine_id],
        );
  const row = rows.find(({ token_hash: hash }) => hash === tokenHash);
  const decided = decideClaim(row === undefined ? null : parse(row), claim, row?.now.getTime() ?? 0);
  if (decided.kind === 'claimed') {
    const { id, machineId, publicKey, expiresAtMs } = decided.session;
    await tx.query(
      `UPDATE boot_sessions SET state = 'claimed', public_key = $2, expires_at = $3, claimed_at = clock_timestamp() WHERE id = $1`,
      [id, publicKey, new Date(expiresAtMs)],
    );
    await tx.query(
      `UPDATE boot_sessions SET state = 'ended'
       WHERE machine_id = $1 AND id <> $2 AND kind <> 'first-boot' AND state IN ('open', 'claimed')`,
      [machineId, id],
    );
  } else if (decided.kind === 'claim-conflict') {
    await tx.query(`UPDATE boot_sessions SET state = 'conflict' WHERE id = $1`, [decided.session.id]);
  }
  return decided;
}

/** Sessions that are over are kept for a while: somebody may ask what happened. */
export async function forgetOldBootSessions(db: Pick<Database, 'query'>, siteId: string): Promise<void> {
  await db.query(`DELETE FROM boot_sessions WHERE site_id = $1 AND expires_at < clock_timestamp() - interval '1 day'`, [
    siteId,
  ]);
}

const parse = (row: Columns): BootSession => ({
  id: row.id,
  siteId: row.site_id,
  machineId: row.machine_id,
  kind: row.kind,
  mac: row.mac,
  address: row.address,
  state: row.state,
  publicKey: row.public_key,
  counter: Number(row.counter),
  expiresAtMs: row.expires_at.getTime(),
});
