import { randomUUID } from 'node:crypto';
import { FormworkError } from '@formwork/core';
import pg from 'pg';
import { z } from 'zod';
import { type Migration, readMigrations } from './migrations.ts';
import { type AppliedMigration, pendingMigrations } from './pending.ts';

/** Prisma's own advisory lock, so a server and somebody's `prisma migrate` wait for each other too. */
const lockId = 72707369;

const appliedRow = z.object({ name: z.string(), checksum: z.string(), finished: z.boolean() });

/**
 * Brings the database up to the migrations of a directory, each in one transaction, and returns the names it applied.
 * The table and checksums are Prisma's. Any number of servers may start at once: they take turns by an advisory lock,
 * and the later ones find nothing to do. Throws what `pendingMigrations` throws, `retryable` `migration-lock` when the
 * turn does not come in `lockTimeoutMs`, and `internal` `migration-failed` naming the migration that did not apply
 * (nothing of it remains).
 */
export async function migrate(
  connectionString: string,
  directory: string,
  options: { readonly lockTimeoutMs?: number } = {},
): Promise<readonly string[]> {
  const migrations = readMigrations(directory);
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: 10_000,
    application_name: 'formwork-migrate',
  });
  client.on('error', () => {
    // The query that was running rejects too, and says more.
  });
  await client.connect();
  try {
    await lock(client, options.lockTimeoutMs ?? 120_000);
    await client.query(createTable);
    const pending = pendingMigrations(migrations, await readApplied(client));
    for (const migration of pending) await apply(client, migration);
    return pending.map((migration) => migration.name);
  } finally {
    // Ending the session gives the lock back.
    await client.end().catch(() => {});
  }
}

async function lock(client: pg.Client, timeoutMs: number): Promise<void> {
  await client.query(`SET lock_timeout = ${Math.max(1, Math.trunc(timeoutMs))}`);
  try {
    await client.query('SELECT pg_advisory_lock($1)', [lockId]);
  } catch (cause) {
    if (cause instanceof pg.DatabaseError && cause.code === '55P03') {
      throw new FormworkError(
        'retryable',
        'migration-lock',
        `another process has been migrating this database for ${timeoutMs} ms`,
        { cause },
      );
    }
    throw cause;
  }
  await client.query('SET lock_timeout = 0');
}

async function readApplied(client: pg.Client): Promise<readonly AppliedMigration[]> {
  const { rows } = await client.query(`
    SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
    FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY migration_name`);
  return z.array(appliedRow).parse(rows);
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)
       VALUES ($1, $2, now(), $3, 1)`,
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query('COMMIT');
  } catch (cause) {
    await client.query('ROLLBACK').catch(() => {});
    throw new FormworkError(
      'internal',
      'migration-failed',
      `migration ${migration.name} failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

const createTable = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;
