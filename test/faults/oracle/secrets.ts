import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Database } from '@formwork/db';

/** A value that nobody may find anywhere but where it belongs. */
export interface Canary {
  readonly name: string;
  readonly value: string;
}

const formsOf = (value: string): readonly string[] => [
  value,
  JSON.stringify(value).slice(1, -1),
  JSON.stringify(JSON.stringify(value).slice(1, -1)).slice(1, -1),
  encodeURIComponent(value),
  Buffer.from(value).toString('base64'),
  Buffer.from(value).toString('hex'),
];

/** Looks into every row of every table, and into everything that the processes printed. */
export async function leakedSecrets(
  db: Database,
  canaries: readonly Canary[],
  outputDirectory: string | null,
): Promise<readonly string[]> {
  const forms = canaries.flatMap(({ name, value }) => formsOf(value).map((form) => ({ name, form })));
  const found = new Set<string>();
  const look = (where: string, text: string): void => {
    for (const { name, form } of forms) if (text.includes(form)) found.add(`the ${name} is in ${where}`);
  };
  const tables = await db.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  for (const { name } of tables) {
    const rows = await db.query<{ text: string }>(`SELECT row_to_json(t)::text AS text FROM ${name} t`);
    look(`table ${name}`, rows.map(({ text }) => text).join('\n'));
  }
  if (outputDirectory !== null) {
    for (const file of readdirSync(outputDirectory))
      look(`the output of ${path.basename(file, '.log')}`, readFileSync(path.join(outputDirectory, file), 'utf8'));
  }
  return [...found];
}
