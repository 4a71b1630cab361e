// Writes a migration from the newest one's copy of the schema to the schema of today. Needs no database.
//   node scripts/prisma-author.mjs <name> [--schema FILE] [--migrations DIR]
// Prints the new folder, or says that nothing changed. Partial indexes and CHECKs that Prisma cannot say are added to
// its migration.sql by hand, before it is applied anywhere.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { filters, openOffline } from './prisma/schema-engine.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    schema: { type: 'string', default: 'prisma/schema.prisma' },
    migrations: { type: 'string', default: 'prisma/migrations' },
  },
});
const [name] = positionals;
if (name === undefined || !/^[a-z0-9_]+$/.test(name)) {
  console.error('usage: node scripts/prisma-author.mjs <name of a-z, 0-9 and _>');
  process.exit(1);
}

const read = (file) => [{ path: file, content: readFileSync(file, 'utf8') }];
mkdirSync(values.migrations, { recursive: true });
const newest = readdirSync(values.migrations, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort()
  .at(-1);

const engine = await openOffline(read(values.schema));
const difference = await engine.diff({
  from:
    newest === undefined
      ? { tag: 'empty' }
      : { tag: 'schemaDatamodel', files: read(path.join(values.migrations, newest, 'schema.prisma')) },
  to: { tag: 'schemaDatamodel', files: read(values.schema) },
  script: true,
  exitCode: true,
  filters,
  shadowDatabaseUrl: null,
});
const changed = difference.exitCode === 2;
if (changed) {
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const folder = path.join(values.migrations, `${stamp}_${name}`);
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'migration.sql'), difference.stdout);
  // The base of the next comparison.
  cpSync(values.schema, path.join(folder, 'schema.prisma'));
  writeFileSync(path.join(values.migrations, 'migration_lock.toml'), 'provider = "postgresql"\n');
  console.log(folder);
} else {
  console.log('the schema has not changed since the newest migration');
}
// The engine keeps the process alive.
process.exit(0);
