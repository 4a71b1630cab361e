import pg from 'pg';
import { answerOf } from './answer-of.ts';
import type { Log } from './log.ts';
import { queryOnce } from './query-once.ts';
import { createStatementNames } from './statement-names.ts';
import { runTogether } from './together.ts';
import { runTransaction, type Transaction } from './transaction.ts';

/**
 * The hot path's way to Postgres: `pg` with a small pool. CRUD goes through Prisma. A database that does not answer is
 * `retryable` `database-unavailable`: nothing is known of what was asked but that somebody may ask again.
 */
export interface Database {
  readonly url: string;
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Statements that do not wait for each other, each for itself, in one trip over one connection. */
  together<T>(work: (db: Pick<Database, 'query'>) => Promise<T>): Promise<T>;
  /** `work` may be called again when Postgres ended the transaction for colliding with another. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** A connection of its own for LISTEN or an advisory lock; its holder ends it. */
  dedicated(): Promise<pg.Client>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  /** Greatest number of connections in the pool. */
  readonly connections?: number;
  /** Longest pause between two statements of a transaction, milliseconds; 10 s when absent. */
  readonly idleInTransactionMs?: number;
  readonly log: Log;
}

const connectTimeoutMs = 10_000;
const statementTimeoutMs = 60_000;
/**
 * A process that is frozen in the middle of a transaction holds its rows, of the counter of events too, which all others
 * wait for. Less than a lease: whoever takes over finds the rows free.
 */
const idleInTransactionTimeoutMs = 10_000;
/**
 * Our statements find rows by their keys, few or many of them, in tables that were empty when the statement was first
 * planned: the plan depends neither on the values nor on what the tables held then.
 */
const byKey = [
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');
/** How often a transaction is tried that Postgres ended for colliding with another. */
const transactionTries = 4;

export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.connections ?? 10,
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: options.idleInTransactionMs ?? idleInTransactionTimeoutMs,
    options: byKey,
    // Statements are sent as they are asked for: see transaction.ts.
    pipeline: true,
  });
  const names = createStatementNames();
  // An idle connection died (the server was restarted): the pool makes another when it is next asked.
  pool.on('error', (error) => {
    options.log.warn({ error: error.message }, 'idle database connection lost');
  });
  return {
    url: options.url,
    query: <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
      answerOf(queryOnce<Row>(pool, { name: names(sql, values), text: sql, values: [...values] })),
    together: async (work) => runTogether(await answerOf(pool.connect()), names, work),
    async transaction(work) {
      for (let tries = 1; ; tries += 1) {
        try {
          return await runTransaction(await answerOf(pool.connect()), names, work);
        } catch (error) {
          if (tries >= transactionTries || !isCollision(error)) throw error;
        }
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

/** Deadlock or serialization failure: Postgres asks for the same again. */
const isCollision = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === '40P01' || error.code === '40001');
