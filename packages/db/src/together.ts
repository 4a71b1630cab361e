import type pg from 'pg';
import { answerOf } from './answer-of.ts';
import { borrow } from './borrow.ts';
import { sendQuery } from './query-once.ts';
import type { StatementNames } from './statement-names.ts';

/** The part of a database that asks one statement. */
interface Asks {
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** Lets `work` ask over one connection in pipeline mode: statements it asks for in one turn share a trip. */
export function runTogether<T>(
  client: pg.PoolClient,
  names: StatementNames,
  work: (db: Asks) => Promise<T>,
): Promise<T> {
  const together = sendingTogether(client);
  const asked: Promise<unknown>[] = [];
  return borrow(client, async () => {
    try {
      return await work({
        query: <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) => {
          together();
          const answer = answerOf(sendQuery<Row>(client, { name: names(sql, values), text: sql, values: [...values] }));
          asked.push(answer);
          return answer;
        },
      });
    } finally {
      // One may have failed while others are still to be answered: the connection is free after them.
      await Promise.allSettled(asked);
    }
  });
}

/** Called before each statement: what is sent in one turn of the event loop leaves in one packet. */
export function sendingTogether({ connection }: pg.PoolClient): () => void {
  let corked = false;
  return () => {
    if (corked) return;
    corked = true;
    connection.stream.cork();
    process.nextTick(() => {
      corked = false;
      connection.stream.uncork();
    });
  };
}
