import type pg from 'pg';
import { answerOf } from './answer-of.ts';
import { borrow } from './borrow.ts';
import { flushEvents, type NewEvent } from './engine/events.ts';
import { sendQuery } from './query-once.ts';
import type { StatementNames } from './statement-names.ts';
import { sendingTogether } from './together.ts';

/** One transaction: statements go through `query` and `write`, events are kept until the end and written as its last statement. */
export interface Transaction {
  /** Statements that are asked for without waiting in between travel together and run in the order of the calls. */
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** A statement whose rows nobody needs: it goes with whatever comes next, and what goes wrong with it fails the commit. */
  write(sql: string, values?: readonly unknown[]): void;
  /** Written with the commit, in the order of the calls. */
  emit(event: NewEvent): void;
}

/** PostgreSQL keeps what a backend once needed until it ends: after a transaction of this much text it is let go, bytes. */
const fatBytes = 1_000_000;

/**
 * One try of `work` on a connection in pipeline mode; the events of a transaction that fails go with it. BEGIN travels
 * with the first statement, and COMMIT with the last: a trip to the database costs both sides more than a statement does.
 * What failed makes the server answer COMMIT with a rollback, so nothing is half-written.
 */
export function runTransaction<T>(
  client: pg.PoolClient,
  names: StatementNames,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const sent: Promise<unknown>[] = [];
  const events: NewEvent[] = [];
  const together = sendingTogether(client);
  let sentBytes = 0;
  const send = <Row extends pg.QueryResultRow>(query: pg.QueryConfig): Promise<Row[]> => {
    together();
    const answer = answerOf(sendQuery<Row>(client, query));
    sent.push(answer);
    // Whoever waits hears of it, and the end of the transaction does.
    answer.catch(() => undefined);
    return answer;
  };
  const statement = <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[]) => {
    for (const value of values) if (typeof value === 'string') sentBytes += value.length;
    return send<Row>({ name: names(sql, values), text: sql, values: [...values] });
  };
  const attempt = async (spoiled: (error: Error) => void): Promise<T> => {
    try {
      void send({ text: 'BEGIN' });
      const result = await work({
        query: <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
          statement<Row>(sql, values),
        write: (sql, values = []) => {
          void statement(sql, values);
        },
        emit: (event) => {
          events.push(event);
        },
      });
      await flushEvents(statement, events);
      void send({ text: 'COMMIT' });
      await Promise.all(sent);
      return result;
    } catch (error) {
      const cause = await firstFailure(sent, error);
      await sendQuery(client, { text: 'ROLLBACK' }).catch((rollback: unknown) => {
        spoiled(rollback instanceof Error ? rollback : new Error(String(rollback)));
      });
      throw cause;
    }
  };
  return borrow(client, attempt, () => sentBytes > fatBytes);
}

/** Later statements of a failed transaction only say that it has failed: why is told by the first. */
async function firstFailure(sent: readonly Promise<unknown>[], error: unknown): Promise<unknown> {
  for (const result of await Promise.allSettled(sent)) if (result.status === 'rejected') return result.reason;
  return error;
}
