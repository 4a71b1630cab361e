import type pg from 'pg';

/**
 * One statement on a connection of the pool. Not `pool.query`: a connection that it makes keeps its first result for as
 * long as it lives (pg 8: the listener for its start holds the callback), and that may be the graph of a thousand nodes.
 */
export async function queryOnce<Row extends pg.QueryResultRow>(pool: pg.Pool, query: pg.QueryConfig): Promise<Row[]> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const ended = (error: Error): void => {
    broken = error;
  };
  client.on('error', ended);
  try {
    return (await client.query<Row>(query)).rows;
  } finally {
    client.off('error', ended);
    client.release(broken);
  }
}
