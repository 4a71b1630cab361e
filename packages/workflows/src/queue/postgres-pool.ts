import { isPgPool, type PgPool, type PgPoolClient } from 'bullmq';
import pg from 'pg';
import { unavailable } from './within.ts';

/** Connections for queries; each consumer's LISTEN takes one more, for as long as it lives. */
const queryConnections = 4;

/**
 * The one pool all queues of a process share, in the shape BullMQ takes. It differs from a bare pg.Pool in two ways,
 * both because BullMQ only waits and tries again after ECONNREFUSED:
 * - `query`: every loss of the connection, also "the database system is starting up", is reported as ECONNREFUSED;
 *   BullMQ would otherwise retry without a pause, or leave a finished job behind as active.
 * - `connect`: tries until it is connected or the pool closes; BullMQ remembers a first failure for ever.
 */
export interface QueuePool {
  readonly pool: PgPool;
  /** Makes room for one LISTEN connection, or takes it back. */
  reserve(): void;
  unreserve(): void;
  close(): Promise<void>;
}

export function openQueuePool(databaseUrl: string, onError: (error: unknown) => void): QueuePool {
  const inner = new pg.Pool({
    connectionString: databaseUrl,
    max: queryConnections,
    options: '-c search_path=bullmq',
    application_name: 'formwork-queue',
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
  });
  // A listener per consumer is normal here, and an idle connection that dies must not end the process.
  inner.setMaxListeners(0);
  inner.on('error', onError);
  let closing = false;

  const bare: unknown = inner;
  if (!isPgPool(bare)) throw unavailable('bullmq does not take this pg.Pool');
  const connect = async (): Promise<PgPoolClient> => {
    for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 1_000)) {
      try {
        return await bare.connect();
      } catch (error) {
        if (closing || !isConnectionLoss(error)) throw error;
        onError(error);
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  };
  const pool: PgPool = {
    query: async <R>(text: string, params?: readonly unknown[]) => {
      try {
        return await bare.query<R>(text, params);
      } catch (error) {
        throw isConnectionLoss(error) ? refused(error) : error;
      }
    },
    connect,
    // BullMQ listens for errors only, and those are reported above.
    on: () => pool,
    removeAllListeners: () => pool,
    end: () => Promise.resolve(),
  };
  return {
    pool,
    reserve: () => {
      inner.options.max += 1;
    },
    unreserve: () => {
      inner.options.max -= 1;
    },
    close: () => {
      closing = true;
      return inner.end();
    },
  };
}

/** Not a FormworkError: BullMQ reads the code. */
const refused = (cause: unknown): Error =>
  Object.assign(new Error('the queue database does not answer', { cause }), { code: 'ECONNREFUSED' });

/** Everything the driver says itself is a lost connection; of what the server says, classes 08, 57P and too_many_connections. */
function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof pg.DatabaseError)) return true;
  const code = error.code ?? '';
  return code.startsWith('08') || code.startsWith('57P') || code === '53300';
}
