import pg from 'pg';
import type { Log } from '../log.ts';
import { queryOnce } from '../query-once.ts';
import { createStatementNames } from '../statement-names.ts';

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
  const names = createStatementNames();
  return {
    prepared: <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[]) =>
      queryOnce<Row>(pool, { name: names(sql, values), text: sql, values: [...values] }),
    query: <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[]) =>
      queryOnce<Row>(pool, { text: sql, values: [...values] }),
  };
}
