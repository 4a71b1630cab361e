// Migration drift, on a real PostgreSQL: all migrations are applied to an empty database, which must then equal
// prisma/schema.prisma, and have every index condition, CHECK, function and trigger that the migrations name: those
// are written by hand, and the comparison cannot see them. Reads the sources through tsx:
//   node --conditions=formwork-source --import tsx scripts/check/migrations.mjs
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { startTestDatabase } from '../../test/support/database.ts';

const root = path.resolve(import.meta.dirname, '../..');
const folder = path.join(root, 'prisma/migrations');
const migrations = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();
const sqlOf = (name) => readFileSync(path.join(folder, name, 'migration.sql'), 'utf8').replace(/--.*$/gm, '');

/** SQL: the namespace in this column is the one that migrations write to. */
const ours = (column) => `${column} = 'public'::regnamespace`;

/** What is written by hand: how the migrations name it, how they drop it, and where the catalog keeps it. */
const byHand = [
  {
    kind: 'partial index',
    made: /CREATE\s+(?:UNIQUE\s+)?INDEX\s+"?(\w+)"?\s+ON\s[^;]*?\sWHERE\s/gi,
    dropped: /DROP\s+INDEX\s+(?:IF\s+EXISTS\s+)?"?(\w+)"?/gi,
    catalog: `SELECT relname AS name FROM pg_index JOIN pg_class ON oid = indexrelid
      WHERE indpred IS NOT NULL AND indisvalid AND ${ours('relnamespace')}`,
  },
  {
    kind: 'CHECK',
    made: /CONSTRAINT\s+"?(\w+)"?\s+CHECK\s*\(/gi,
    dropped: /DROP\s+CONSTRAINT\s+(?:IF\s+EXISTS\s+)?"?(\w+)"?/gi,
    catalog: `SELECT conname AS name FROM pg_constraint WHERE contype = 'c' AND convalidated AND ${ours('connamespace')}`,
  },
  {
    kind: 'function',
    made: /CREATE\s+(?:OR\s+REPLACE\s+)?FUNCTION\s+"?(\w+)"?/gi,
    dropped: /DROP\s+FUNCTION\s+(?:IF\s+EXISTS\s+)?"?(\w+)"?/gi,
    catalog: `SELECT proname AS name FROM pg_proc WHERE ${ours('pronamespace')}`,
  },
  {
    kind: 'trigger',
    made: /CREATE\s+(?:CONSTRAINT\s+)?TRIGGER\s+"?(\w+)"?/gi,
    dropped: /DROP\s+TRIGGER\s+(?:IF\s+EXISTS\s+)?"?(\w+)"?/gi,
    catalog: 'SELECT tgname AS name FROM pg_trigger WHERE NOT tgisinternal',
  },
];

/** How the client is generated changes no table. */
const modelsOf = (file) => readFileSync(file, 'utf8').replace(/^generator \w+ \{[^}]*\}/m, '');

const problems = [];
const newest = migrations.at(-1);
if (newest === undefined) problems.push('there are no migrations');
else if (modelsOf(path.join(folder, newest, 'schema.prisma')) !== modelsOf(path.join(root, 'prisma/schema.prisma'))) {
  problems.push(`prisma/schema.prisma is not what ${newest} was made for; run: node scripts/prisma-author.mjs <name>`);
}

let found = 0;
const database = await startTestDatabase();
try {
  const drift = spawnSync(process.execPath, [path.join(root, 'scripts/prisma-drift.mjs')], {
    cwd: root,
    env: { ...process.env, DATABASE_URL: database.url },
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (drift.status !== 0) problems.push(`the migrations do not make the schema:\n${drift.stderr}`);

  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    for (const { kind, made, dropped, catalog } of byHand) {
      const wanted = new Set();
      for (const sql of migrations.map(sqlOf)) {
        for (const [, name] of sql.matchAll(dropped)) wanted.delete(name);
        for (const [, name] of sql.matchAll(made)) wanted.add(name);
      }
      const there = new Set((await client.query(catalog)).rows.map(({ name }) => name));
      for (const name of wanted) if (!there.has(name)) problems.push(`${kind} ${name} is not in the database`);
      for (const name of there) if (!wanted.has(name)) problems.push(`${kind} ${name} is in no migration`);
      found += wanted.size;
    }
  } finally {
    await client.end();
  }
} finally {
  await database.stop();
}
if (found === 0)
  problems.push('no index condition or CHECK was found in the migrations: this check reads them wrongly');

for (const problem of problems) console.error(problem);
console.log(`${String(migrations.length)} migrations, ${String(found)} things written by hand`);
process.exit(problems.length === 0 ? 0 : 1);
