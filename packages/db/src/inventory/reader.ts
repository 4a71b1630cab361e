import { createHash } from 'node:crypto';
import pg from 'pg';
import type { Log } from '../log.ts';
import { queryOnce } from '../query-once.ts';

/** The API's own connections, for SQL by hand. */
export interface Reader {
  /** Planned once a connection: for statements whose plan does not depend on the values. */
  prepared<Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[]): Promise<Row[]>;
  /** Planned for these values: for lists with filters. */
  query<Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[]): Promise<Row[]>;
}

const connectTimeoutMs = 10_000;
const statementTimeoutMs = 60_000;

export function openReadPool(options: {
  readonly url: string;
  readonly connections: number;
  readonly log: Log;
}): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connections,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
  });
  pool.on('error', (error) => {
    options.log.warn({ error: error.message }, 'idle inventory connection lost');
  });
  return pool;
}

export function readerOf(pool: pg.Pool): Reader {
  const names = new Map<string, string>();
  const nameOf = (sql: string): string => {
    const known = names.get(sql);
    if (known !== undefined) return known;
    const name = `read_${createHash('sha256').update(sql).digest('hex').slice(0, 24)}`;
    names.set(sql, name);
    return name;
  };
  return {
    prepared: <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[]) =>
      queryOnce<Row>(pool, { name: nameOf(sql), text: sql, values: [...values] }),
    query: <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[]) =>
      queryOnce<Row>(pool, { text: sql, values: [...values] }),
  };
}
