import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { FormworkError } from '@formwork/core';

/** One folder of `prisma/migrations`: its name orders it, its checksum is Prisma's (SHA-256 of migration.sql, in hex). */
export interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** Reads all migrations, oldest first. Throws `not-found` `migrations-missing` when the directory holds none. */
export function readMigrations(directory: string): readonly Migration[] {
  let names: string[];
  try {
    names = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch (cause) {
    throw new FormworkError('not-found', 'migrations-missing', `no migrations at ${directory}`, { cause });
  }
  if (names.length === 0) throw new FormworkError('not-found', 'migrations-missing', `no migrations at ${directory}`);
  return names.map((name) => {
    const bytes = readFileSync(path.join(directory, name, 'migration.sql'));
    return { name, sql: bytes.toString('utf8'), checksum: createHash('sha256').update(bytes).digest('hex') };
  });
}
