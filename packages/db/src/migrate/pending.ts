import { FormworkError } from '@formwork/core';
import type { Migration } from './migrations.ts';

/** A row of `_prisma_migrations` that was not rolled back. */
export interface AppliedMigration {
  readonly name: string;
  readonly checksum: string;
  readonly finished: boolean;
}

/**
 * What is still to be applied, in order. Throws `conflict`:
 * - `migration-unfinished`: a run (of Prisma's own command, which has no transaction) stopped half-way;
 * - `migration-edited`: the file differs from what was applied;
 * - `database-newer`: the database has migrations this code does not know;
 * - `migration-order`: an unapplied one is older than an applied one, so what it builds on is not what it was written for.
 */
export function pendingMigrations(
  known: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly Migration[] {
  const unfinished = applied.find((row) => !row.finished);
  if (unfinished !== undefined) {
    throw refuse(
      'migration-unfinished',
      `migration ${unfinished.name} was started but never finished: put the database right, then delete its row from _prisma_migrations or set rolled_back_at`,
    );
  }
  const knownByName = new Map(known.map((migration) => [migration.name, migration]));
  const foreign = applied.filter((row) => !knownByName.has(row.name)).map((row) => row.name);
  if (foreign.length > 0) {
    throw refuse(
      'database-newer',
      `the database has migrations this version of Formwork does not know (${foreign.join(', ')}): run the newer version`,
    );
  }
  for (const row of applied) {
    if (knownByName.get(row.name)?.checksum !== row.checksum) {
      throw refuse(
        'migration-edited',
        `migration ${row.name} was edited after it was applied: restore it and write a new migration`,
      );
    }
  }
  const appliedNames = new Set(applied.map((row) => row.name));
  const pending = known.filter((migration) => !appliedNames.has(migration.name));
  const newestApplied = applied
    .map((row) => row.name)
    .sort()
    .at(-1);
  const tooOld = newestApplied === undefined ? undefined : pending.find((migration) => migration.name < newestApplied);
  if (tooOld !== undefined) {
    throw refuse(
      'migration-order',
      `migration ${tooOld.name} is older than ${newestApplied ?? ''}, which is applied already: give it a newer name`,
    );
  }
  return pending;
}

const refuse = (code: string, message: string): FormworkError => new FormworkError('conflict', code, message);
