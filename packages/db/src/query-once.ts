import type pg from 'pg';
import { borrow } from './borrow.ts';

/**
 * One statement. Not by the promise that pg makes itself: its callback is written into a property, which V8 allocates
 * among what lives long, and with it everything that waits for the answer, a whole request, until the next full collection.
 */
export async function sendQuery<Row extends pg.QueryResultRow>(
  client: pg.ClientBase,
  query: pg.QueryConfig,
): Promise<Row[]> {
  try {
    return await new Promise<Row[]>((resolve, reject) => {
      client.query<Row>(query, (error: Error | null, result) => {
        if (error === null) resolve(result.rows);
        else reject(error);
      });
    });
  } catch (error) {
    // Else it tells of the socket that the answer came by, not of who asked.
    if (error instanceof Error) Error.captureStackTrace(error);
    throw error;
  }
}

/**
 * One statement on a connection of the pool. Not `pool.query`: a connection that it makes keeps its first result for as
 * long as it lives (pg 8: the listener for its start holds the callback), and that may be the graph of a thousand nodes.
 */
export async function queryOnce<Row extends pg.QueryResultRow>(pool: pg.Pool, query: pg.QueryConfig): Promise<Row[]> {
  const client = await pool.connect();
  return borrow(client, () => sendQuery<Row>(client, query));
}
