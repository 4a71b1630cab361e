import type { Database } from '@formwork/db';
import { violations } from '../../support/oracle.ts';

/** What does not hold of events, states, claims, locks and lanes. */
export const rulesOfTheEngine = (db: Database): Promise<readonly string[]> => violations(db);

/** Every place of the database where the planted secret stands as it is, or in base64. */
export async function leakedCanaries(db: Database, canary: string): Promise<readonly string[]> {
  const columns = await db.query<{ table: string; column: string }>(
    `SELECT table_name AS table, column_name AS column FROM information_schema.columns
     WHERE table_schema = 'public' AND data_type IN ('text', 'jsonb', 'json', 'character varying', 'ARRAY')`,
  );
  const base64 = Buffer.from(canary).toString('base64').replace(/=+$/, '').slice(0, -2);
  const found: string[] = [];
  for (const { table, column } of columns) {
    const [row] = await db.query<{ count: string }>(
      `SELECT count(*) AS count FROM "${table}" WHERE strpos("${column}"::text, $1) > 0 OR strpos("${column}"::text, $2) > 0`,
      [canary, base64],
    );
    if (row?.count !== '0') found.push(`the canary stands in ${table}.${column}`);
  }
  return found;
}
