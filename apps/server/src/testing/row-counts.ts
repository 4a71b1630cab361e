import type { Database } from '@formwork/db';

/** Rows by table, of everything that a refused request must leave alone. */
export async function rowCounts(db: Pick<Database, 'query'>): Promise<Readonly<Record<string, number>>> {
  const tables = [
    'sites',
    'deployments',
    'specification_versions',
    'plans',
    'runs',
    'nodes',
    'node_roles',
    'attempts',
    'events',
    'outbox',
    'site_tasks',
    'secrets',
    'data_keys',
    'audit',
    'tokens',
    'packs',
  ];
  const sql = tables
    .map((table) => `SELECT '${table}' AS name, count(*)::int AS rows FROM ${table}`)
    .join(' UNION ALL ');
  const rows = await db.query<{ name: string; rows: number }>(sql);
  return Object.fromEntries(rows.map((row) => [row.name, row.rows]));
}
