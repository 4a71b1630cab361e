import type pg from 'pg';

/**
 * Gives a connection of the pool back when `work` is over. One that ended meanwhile, that `work` says is `spoiled`, or that
 * is `wornOut` is let go instead.
 */
export async function borrow<T>(
  client: pg.PoolClient,
  work: (spoiled: (error: Error) => void) => Promise<T>,
  wornOut: () => boolean = () => false,
): Promise<T> {
  let broken: Error | undefined;
  // A connection that ends between two statements tells nobody else; the next statement fails by it.
  const spoiled = (error: Error): void => {
    broken = error;
  };
  client.on('error', spoiled);
  try {
    return await work(spoiled);
  } finally {
    client.off('error', spoiled);
    client.release(broken ?? wornOut());
  }
}
