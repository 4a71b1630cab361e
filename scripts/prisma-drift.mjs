// Compares the database at DATABASE_URL with the schema. Exit status 0: equal; 2: they differ, with the SQL that would
// make them equal; 1: the check failed. Hand-written partial indexes and CHECKs are invisible to it: tests check those.
//   DATABASE_URL=... node scripts/prisma-drift.mjs [--schema FILE]
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { filters, openLive } from './prisma/schema-engine.mjs';

const { values } = parseArgs({ options: { schema: { type: 'string', default: 'prisma/schema.prisma' } } });
const connectionString = process.env.DATABASE_URL;
if (connectionString === undefined) {
  console.error('DATABASE_URL is not set');
  process.exit(1);
}
const files = [{ path: values.schema, content: readFileSync(values.schema, 'utf8') }];
const engine = await openLive(files, connectionString);
const difference = await engine.diff({
  from: { tag: 'schemaDatasource', files, configDir: process.cwd() },
  to: { tag: 'schemaDatamodel', files },
  script: true,
  exitCode: true,
  filters,
  shadowDatabaseUrl: null,
});
if (difference.exitCode !== 0) console.error(difference.stdout);
process.exit(difference.exitCode);
