/**
 * One metal worker of all that could serve a site does: it holds an advisory lock on a connection of its own.
 *
 *   waiting --lock--> serving --connection lost--> serving, uncertain --lock again--> serving
 *                                                        `--another worker has it--> waiting (what was served is closed)
 *
 * Who loses the database goes on: machines boot meanwhile. Only somebody else's lock, seen by its name, ends it.
 */
import type { Database, Log } from '@formwork/db';

export interface HoldSiteDeps {
  readonly db: Pick<Database, 'dedicated'>;
  readonly log: Log;
  readonly siteId: string;
  /** Unique among the workers. */
  readonly worker: string;
  /** Called again when what it began was closed; a failure is tried again. */
  readonly serve: () => Promise<{ close(): Promise<void> }>;
  readonly retryMs?: number;
}

export interface HeldSite {
  isServing(): boolean;
  close(): Promise<void>;
}

/** How often the database is asked whether the connection lives, and after which silence of ours it ends it, milliseconds. */
const aliveMs = 5_000;
const frozenMs = 15_000;

export function holdSite(deps: HoldSiteDeps): HeldSite {
  const retryMs = deps.retryMs ?? 1_000;
  const stop = new AbortController();
  const stopping = (): boolean => stop.signal.aborted;
  let served: { close(): Promise<void> } | null = null;

  const leave = async (): Promise<void> => {
    const leaving = served;
    served = null;
    await leaving?.close();
  };
  const live = async (): Promise<void> => {
    while (!stopping()) {
      try {
        await hold();
      } catch (error) {
        if (!stopping()) deps.log.warn({ siteId: deps.siteId, error: String(error) }, 'asking for the site failed');
      }
      await pause(retryMs, stop.signal);
    }
  };
  /** One connection's life. */
  const hold = async (): Promise<void> => {
    const client = await deps.db.dedicated();
    const gone = new AbortController();
    client.on('error', () => gone.abort());
    client.on('end', () => gone.abort());
    const over = AbortSignal.any([gone.signal, stop.signal]);
    const isOver = (): boolean => over.aborted;
    const ask = async (sql: string, values: readonly string[]): Promise<string | null> => {
      const answer = client.query<{ said: string | null }>(sql, [...values]);
      // A connection that ends takes the question with it.
      answer.catch(() => undefined);
      const said = await Promise.race([answer.then(({ rows }) => rows[0]?.said ?? null), pause(aliveMs, over)]);
      if (said === undefined) throw new Error('the database does not answer');
      return said;
    };
    try {
      await ask(`SELECT set_config('application_name', $1, false) AS said`, [nameOf(deps.worker)]);
      // Of a worker that is frozen the database lets go.
      await ask(`SELECT set_config('idle_session_timeout', $1, false) AS said`, [String(frozenMs)]);
      while (!isOver() && (await ask(takeLock, [deps.siteId])) !== 'yes') {
        const holder = await ask(whoHasIt, [deps.siteId]);
        if (served !== null && holder !== null && holder !== nameOf(deps.worker)) {
          deps.log.warn({ siteId: deps.siteId, holder }, 'another worker serves this site now; this one stops');
          await leave();
        }
        await pause(retryMs, over);
      }
      if (isOver()) return;
      if (served === null) {
        deps.log.info({ siteId: deps.siteId }, 'this worker serves the site');
        served = await deps.serve();
      }
      while (!isOver()) {
        await pause(aliveMs, over);
        if (!isOver()) await ask('SELECT $1 AS said', ['yes']);
      }
    } finally {
      await client.end().catch(() => undefined);
    }
  };

  const living = live();
  return {
    isServing: () => served !== null,
    close: async () => {
      stop.abort();
      await living;
      await leave();
    },
  };
}

/** As pg_stat_activity shows it: 63 characters at most. */
const nameOf = (worker: string): string => `formwork metal ${worker}`.slice(0, 63);

const keys = `hashtext('formwork.metal'), hashtext($1)`;
const takeLock = `SELECT CASE WHEN pg_try_advisory_lock(${keys}) THEN 'yes' END AS said`;
const whoHasIt = `SELECT a.application_name AS said FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid::bigint = hashtext('formwork.metal')::bigint & 4294967295
    AND l.objid::bigint = hashtext($1)::bigint & 4294967295`;

/** Undefined, so that it can be raced against an answer. */
const pause = (ms: number, signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      resolve(undefined);
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve(undefined);
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
