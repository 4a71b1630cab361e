import { FormworkError } from '@formwork/core';
import pg from 'pg';
import { flushEvents, type NewEvent } from './engine/events.ts';
import type { Log } from './log.ts';
import { queryOnce, sendQuery } from './query-once.ts';
import { createStatementNames, type StatementNames } from './statement-names.ts';

/** One transaction: statements go through `query`, events are kept until the end and written as its last statement. */
export interface Transaction {
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Written with the commit, in the order of the calls. */
  emit(event: NewEvent): void;
}

/**
 * The hot path's way to Postgres: `pg` with a small pool. CRUD goes through Prisma. A database that does not answer is
 * `retryable` `database-unavailable`: nothing is known of what was asked but that somebody may ask again.
 */
export interface Database {
  readonly url: string;
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
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
/** PostgreSQL keeps what a backend once needed until it ends: after a transaction of this much text it is let go, bytes. */
const fatBytes = 1_000_000;
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
    async transaction(work) {
      for (let tries = 1; ; tries += 1) {
        try {
          return await inTransaction(pool, names, work);
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

/** One try. The events of a transaction that fails go with it. */
async function inTransaction<T>(
  pool: pg.Pool,
  names: StatementNames,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const client = await answerOf(pool.connect());
  const events: NewEvent[] = [];
  let broken: Error | undefined;
  let sentBytes = 0;
  // A connection that ends between two statements tells nobody else; the next statement fails by it.
  const ended = (error: Error): void => {
    broken = error;
  };
  client.on('error', ended);
  try {
    await answerOf(sendQuery(client, { text: 'BEGIN' }));
    const result = await work({
      query: async <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) => {
        for (const value of values) if (typeof value === 'string') sentBytes += value.length;
        return answerOf(sendQuery<Row>(client, { name: names(sql, values), text: sql, values: [...values] }));
      },
      emit: (event) => {
        events.push(event);
      },
    });
    await answerOf(flushEvents(client, names, events));
    await answerOf(sendQuery(client, { text: 'COMMIT' }));
    return result;
  } catch (error) {
    await sendQuery(client, { text: 'ROLLBACK' }).catch((rollback: unknown) => {
      broken = rollback instanceof Error ? rollback : new Error(String(rollback));
    });
    throw error;
  } finally {
    client.off('error', ended);
    client.release(broken ?? sentBytes > fatBytes);
  }
}

async function answerOf<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!isAway(error)) throw error;
    throw new FormworkError('retryable', 'database-unavailable', 'the database does not answer', { cause: error });
  }
}

/**
 * What the driver says itself is a lost connection, but for a value it cannot send. Of what the server says: classes 08,
 * 53 and 57 (connections, resources, shutdowns and time limits) and the end of a transaction that stood still.
 */
function isAway(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return !(error instanceof TypeError);
  const code = error.code ?? '';
  return ['08', '53', '57'].some((known) => code.startsWith(known)) || code === '25P03';
}

/** Deadlock or serialization failure: Postgres asks for the same again. */
const isCollision = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === '40P01' || error.code === '40001');
