import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { FormworkError } from '@formwork/core';
import pg from 'pg';
import { postgresEnvironment } from './initialize.ts';
import type { RunAs } from './run-as.ts';
import { removeSockets } from './socket-directory.ts';

/** A running postgres process that answers queries. */
export interface Postmaster {
  readonly pid: number;
  /** Resolves when the process has ended, for whatever reason; the text is the end of what it wrote. */
  readonly ended: Promise<string>;
  /** Ends it in order: open transactions are rolled back. After 10 s at once, which the next start recovers from. */
  stop(): Promise<void>;
}

const flags = [
  ...['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_permissions=0700'],
  ...[
    '-c',
    'shared_buffers=16MB',
    '-c',
    'max_connections=200',
    '-c',
    'jit=off',
    '-c',
    'maintenance_work_mem=16MB',
    '-c',
    'autovacuum_max_workers=2',
    '-c',
    'max_wal_size=512MB',
  ],
  // A client that vanished with its host must not hold its locks for the two hours of the kernel's default.
  ...['-c', 'tcp_keepalives_idle=30', '-c', 'tcp_keepalives_interval=10', '-c', 'tcp_keepalives_count=3'],
];
const notDurable = ['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off'];

/** Starts postgres on a complete cluster and waits until it answers. Throws `retryable` `embedded-postgres-start`. */
export async function startPostmaster(deps: {
  readonly binaries: string;
  readonly cluster: string;
  readonly port: number;
  /** Whether it listens on a Unix socket in the cluster's directory too. */
  readonly onSocket: boolean;
  readonly password: string;
  readonly runAs: RunAs;
  readonly durable: boolean;
  readonly timeoutMs: number;
}): Promise<Postmaster> {
  removeSockets(deps.cluster);
  const [command = '', ...args] = [
    ...deps.runAs.prefix,
    `${deps.binaries}/postgres`,
    ...[
      '-D',
      deps.cluster,
      '-p',
      String(deps.port),
      '-k',
      deps.onSocket ? deps.cluster : '',
      ...flags,
      ...(deps.durable ? [] : notDurable),
    ],
  ];
  // A session of its own: Ctrl-C in a terminal reaches us, and we stop it in order.
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: postgresEnvironment(),
    cwd: deps.cluster,
    detached: true,
  });
  let written = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    written = (written + text).slice(-4_000);
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('close', () => {
      resolve(written.trim());
    });
  });
  const stop = () => stopChild(child, ended);

  const deadline = performance.now() + deps.timeoutMs;
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) throw notStarted(await ended);
    if (await answers(deps.port, deps.password)) return { pid: child.pid, ended, stop };
    await sleep(20);
  }
  await stop();
  throw notStarted(`no answer in ${deps.timeoutMs} ms; ${written.trim()}`);
}

/** True when a PostgreSQL on this port takes our password, which only the cluster of this directory knows. */
export async function answers(port: number, password: string): Promise<boolean> {
  const client = new pg.Client({
    ...{ host: '127.0.0.1', port, user: 'postgres', password, database: 'postgres' },
    connectionTimeoutMillis: 2_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

async function stopChild(child: ChildProcess, ended: Promise<string>): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    child.kill(signal);
    const pause = new AbortController();
    await Promise.race([ended, sleep(waitMs, undefined, { signal: pause.signal }).catch(() => {})]);
    pause.abort();
  }
  await ended;
}

const notStarted = (why: string): FormworkError =>
  new FormworkError('retryable', 'embedded-postgres-start', `PostgreSQL did not start: ${why}`);
