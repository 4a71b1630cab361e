import type { Database, Log } from '@formwork/db';

export interface LeaderDeps {
  readonly db: Pick<Database, 'dedicated'>;
  readonly log: Log;
  /** Starts what only one server may do; closed when the lead is lost. */
  readonly lead: () => { close(): Promise<void> };
  /** Pause between two tries, milliseconds. */
  readonly retryMs?: number;
  /** How long a leader may be silent before the database lets go of its lock, milliseconds; 15 s when absent. */
  readonly frozenMs?: number;
}

export interface Leader {
  isLeading(): boolean;
  /** Stops leading; another server takes over at once. */
  close(): Promise<void>;
}

/** Any number of servers ask for this lock; its value means nothing. */
const lockKey = 468_310_001;
/** How often the leader asks whether its connection still lives, and how long it waits for the answer, milliseconds. */
const aliveMs = 5_000;
/** A session that asks nothing for so long belongs to a process that is frozen: the database ends it, and its lock. */
const frozenMs = 15_000;

/**
 * Of all servers on a database exactly one leads: it holds a session's advisory lock on a connection of its own.
 *
 * ```
 * waiting --lock taken--> leading --connection lost--> waiting      (what was led is closed in between)
 * ```
 * The database frees the lock with the session, so a killed leader is followed within `retryMs`, and a frozen one, whose
 * host keeps its connection alive, once it was silent for `frozenMs`. A leader that is cut
 * off may lead for as long as it does not notice; what it does then is refused by the versions of the rows.
 */
export function startLeader(deps: LeaderDeps): Leader {
  const retryMs = deps.retryMs ?? 1_000;
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;
  let leading = false;

  const live = async (): Promise<void> => {
    while (!isStopping()) {
      try {
        await serve();
      } catch (error) {
        if (!isStopping()) deps.log.warn({ error: String(error) }, 'asking for the lead failed');
      }
      await pause(retryMs, stopping.signal);
    }
  };

  /** One connection's life. */
  const serve = async (): Promise<void> => {
    const client = await deps.db.dedicated();
    const gone = new AbortController();
    client.on('error', () => {
      gone.abort();
    });
    client.on('end', () => {
      gone.abort();
    });
    const over = AbortSignal.any([gone.signal, stopping.signal]);
    const isOver = (): boolean => over.aborted;
    const ask = async (sql: string): Promise<boolean> => {
      const answer = client.query<{ yes: boolean }>(sql);
      // A connection that ends takes the question with it.
      answer.catch(() => undefined);
      const rows = await Promise.race([answer.then((result) => result.rows), pause(aliveMs, over).then(() => [])]);
      return rows[0]?.yes === true;
    };
    let led: { close(): Promise<void> } | null = null;
    try {
      await ask(`SET idle_session_timeout = ${deps.frozenMs ?? frozenMs}`);
      while (!isOver() && !(await ask(`SELECT pg_try_advisory_lock(${lockKey}) AS yes`))) await pause(retryMs, over);
      if (isOver()) return;
      deps.log.info({}, 'this server leads');
      led = deps.lead();
      leading = true;
      while (!isOver()) {
        await pause(aliveMs, over);
        if (!isOver() && !(await ask('SELECT true AS yes'))) break;
      }
    } finally {
      leading = false;
      await led?.close();
      if (led !== null && !isStopping()) deps.log.warn({}, 'the lead is lost; asking for it again');
      await client.end().catch(() => undefined);
    }
  };

  const living = live();
  return {
    isLeading: () => leading,
    async close() {
      stopping.abort();
      await living;
    },
  };
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
