import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FormworkError } from '@formwork/core';
import type { Log } from '../log.ts';
import { findPostgresBinaries } from './binaries.ts';
import { lockDirectory } from './directory-lock.ts';
import { initializeCluster } from './initialize.ts';
import { isPortFree, keepPassword, keptPort, pickPort } from './kept-values.ts';
import { endOrphan } from './orphan.ts';
import { type Postmaster, startPostmaster } from './postmaster.ts';
import { checkReach, chooseRunAs, type RunAs } from './run-as.ts';
import { canListenIn } from './socket-directory.ts';

/**
 * An embedded PostgreSQL under supervision: when its process ends unasked it is started again on the same port.
 * Layout of the data directory: `cluster` (PostgreSQL's own), `password` and `port` (0600), `lock`.
 */
export interface EmbeddedPostgres {
  /**
   * Holds the password: never logged, never in an argument list. The same for the life of the data directory, as long as the
   * port is free. By a Unix socket (`host` among its parameters) where the directory can have one, else by 127.0.0.1.
   */
  readonly url: string;
  /** The running postgres process, or undefined between an unasked end and the restart. */
  pid(): number | undefined;
  /** Stops it in order and gives the directory's lock back. */
  stop(): Promise<void>;
}

const startTimeoutMs = 60_000;
const startTries = 5;

/**
 * Starts the PostgreSQL of a data directory, making it on first use and taking over one that a killed process left
 * running. Throws `conflict` `embedded-postgres-locked` when another process supervises the same directory.
 * `durable: false` (tests) trades safety against power cuts for speed. `runAs` overrides the choice of user.
 */
export async function startEmbeddedPostgres(deps: {
  readonly dataDirectory: string;
  readonly log: Log;
  readonly durable?: boolean;
  readonly runAs?: RunAs;
}): Promise<EmbeddedPostgres> {
  const directory = path.resolve(deps.dataDirectory);
  const durable = deps.durable ?? true;
  const runAs = deps.runAs ?? chooseRunAs();
  const binaries = findPostgresBinaries();
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Another user has to pass through to the cluster, which is 0700 itself; so are password and lock 0600.
  if (runAs.owner.uid !== (process.getuid?.() ?? 0)) chmodSync(directory, 0o711);
  checkReach(runAs, [binaries, directory]);
  const lock = lockDirectory(directory);
  const cluster = path.join(directory, 'cluster');

  try {
    const password = keepPassword(directory);
    await initializeCluster({ binaries, directory, password, runAs, durable });
    await endOrphan({ cluster, password, log: deps.log });

    const start = (port: number, onSocket: boolean): Promise<Postmaster> =>
      startPostmaster({ binaries, cluster, port, onSocket, password, runAs, durable, timeoutMs: startTimeoutMs });
    const { port, onSocket, postmaster } = await firstStart(directory, cluster, start);
    const supervised = supervise({ postmaster, restart: () => start(port, onSocket), log: deps.log });
    // Who does not know the parameter still finds it by the address.
    const bySocket = onSocket ? `?host=${encodeURIComponent(cluster)}` : '';
    return {
      url: `postgresql://postgres:${password}@127.0.0.1:${port}/postgres${bySocket}`,
      pid: supervised.pid,
      stop: async () => {
        await supervised.stop();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** On the kept port if it is free, else on a new one. A port may be taken between the look and the start, so again. */
async function firstStart(
  directory: string,
  cluster: string,
  start: (port: number, onSocket: boolean) => Promise<Postmaster>,
): Promise<{ port: number; onSocket: boolean; postmaster: Postmaster }> {
  for (let attempt = 1; ; attempt += 1) {
    const kept = keptPort(directory);
    const port = kept !== undefined && (await isPortFree(kept)) ? kept : await pickPort(directory);
    try {
      const onSocket = await canListenIn(cluster, port);
      return { port, onSocket, postmaster: await start(port, onSocket) };
    } catch (error) {
      if (attempt >= startTries) throw error;
      // Children of a killed postmaster hold its shared memory for a moment longer.
      await sleep(200 * attempt);
    }
  }
}

function supervise(deps: {
  readonly postmaster: Postmaster;
  readonly restart: () => Promise<Postmaster>;
  readonly log: Log;
}): {
  pid: () => number | undefined;
  stop: () => Promise<void>;
} {
  const stopping = new AbortController();
  const asked = (): boolean => stopping.signal.aborted;
  let current: Postmaster | undefined = deps.postmaster;

  const watch = async (): Promise<void> => {
    let backOffMs = 100;
    while (!asked()) {
      if (current !== undefined) {
        const startedAtMs = performance.now();
        const why = await current.ended;
        current = undefined;
        if (asked()) return;
        if (performance.now() - startedAtMs > 60_000) backOffMs = 100;
        deps.log.error({ why }, 'PostgreSQL ended unasked; starting it again');
      }
      await sleep(backOffMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (asked()) return;
      backOffMs = Math.min(backOffMs * 2, 10_000);
      try {
        current = await deps.restart();
        deps.log.info({ pid: current.pid }, 'PostgreSQL runs again');
      } catch (error) {
        deps.log.error(
          { error: error instanceof FormworkError ? error.message : String(error) },
          'PostgreSQL does not start again yet',
        );
      }
    }
  };
  const watching = watch();
  return {
    pid: () => current?.pid,
    stop: async () => {
      stopping.abort();
      await current?.stop();
      await watching;
      // A restart that was under way when stop was called.
      await current?.stop();
    },
  };
}
