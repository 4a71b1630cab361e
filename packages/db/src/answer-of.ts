import { FormworkError } from '@formwork/core';
import pg from 'pg';

/** What a statement answers; a database that does not answer is `retryable` `database-unavailable`. */
export async function answerOf<T>(answer: Promise<T>): Promise<T> {
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
