import pg from 'pg';
import { flushEvents, type NewEvent } from './engine/events.ts';
import type { Log } from './log.ts';

/** One transaction: statements go through `query`, events are kept until the end and written as its last statement. */
export interface Transaction {
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Written with the commit, in the order of the calls. */
  emit(event: NewEvent): void;
}

/** The hot path's way to Postgres: `pg` with a small pool. CRUD goes through Prisma. */
export interface Database {
  readonly url: string;
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** A connection of its own for LISTEN or an advisory lock; its holder ends it. */
  dedicated(): Promise<pg.Client>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  /** Greatest number of connections in the pool. */
  readonly connections?: number;
  readonly log: Log;
}

const connectTimeoutMs = 10_000;
const statementTimeoutMs = 60_000;

export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connections ?? 10,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
  });
  // An idle connection died (the server was restarted): the pool makes another when it is next asked.
  pool.on('error', (error) => {
    options.log.warn({ error: error.message }, 'idle database connection lost');
  });
  return {
    url: options.url,
    query: async <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
      (await pool.query<Row>(sql, [...values])).rows,
    async transaction(work) {
      const client = await pool.connect();
      const events: NewEvent[] = [];
      let broken: Error | undefined;
      try {
        await client.query('BEGIN');
        const result = await work({
          query: async <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
            (await client.query<Row>(sql, [...values])).rows,
          emit: (event) => {
            events.push(event);
          },
        });
        await flushEvents(client, events);
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch((rollback: unknown) => {
          broken = rollback instanceof Error ? rollback : new Error(String(rollback));
        });
        throw error;
      } finally {
        client.release(broken);
      }
    },
    async dedicated() {
      const client = new pg.Client({
        connectionString: options.url,
        connectionTimeoutMillis: connectTimeoutMs,
        keepAlive: true,
      });
      await client.connect();
      return client;
    },
    close: () => pool.end(),
  };
}
