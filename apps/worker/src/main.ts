import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { parseMasterKey, readMasterKey } from '@formwork/db';
import type { RunningWorker } from '@formwork/workflows';
import { pino } from 'pino';
import { openWorker } from './app.ts';
import { type Environment, environment } from './environment.ts';
import { handedSockets } from './handed-sockets.ts';

/** Longest time from SIGTERM to the end, milliseconds: steps go on on their nodes without us. */
const stopWithinMs = 10_000;

const parsed = environment.safeParse(process.env);
if (!parsed.success) {
  for (const issue of parsed.error.issues) process.stderr.write(`${issue.path.join('.')}: ${issue.message}\n`);
  process.exit(2);
}
const settings = parsed.data;
// Synchronous: pino's default never comes back from `fatal` when whoever read the log is gone.
const log = pino({ level: settings.LOG_LEVEL, base: { app: 'worker' } }, pino.destination({ fd: 1, sync: true }));

const end = (error: unknown, message: string): void => {
  log.fatal({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, message);
  process.exit(1);
};
process.on('uncaughtException', (error) => end(error, 'an error nobody caught; the worker ends and is started again'));
process.on('unhandledRejection', (error) => end(error, 'a rejection nobody caught; the worker ends'));

const starting = start(settings);
let stopping = false;
const stop = (signal: string): void => {
  if (stopping) return;
  stopping = true;
  log.info({ signal }, 'the worker stops; running steps go on on their nodes');
  setTimeout(() => process.exit(1), stopWithinMs).unref();
  starting
    .then((worker) => worker.close())
    .then(
      () => process.exit(0),
      (error: unknown) => end(error, 'the worker did not stop cleanly'),
    );
};
process.on('SIGTERM', () => stop('SIGTERM'));
process.on('SIGINT', () => stop('SIGINT'));
if (settings.FORMWORK_UNTIL_STDIN_ENDS === '1') {
  const gone = (): void => stop('end of stdin');
  process.stdin.on('end', gone).on('error', gone).resume();
}

starting.then(
  () =>
    log.info({ slots: settings.FORMWORK_WORKER_SLOTS, roles: settings.FORMWORK_WORKER_ROLES }, 'the worker is ready'),
  (error: unknown) => end(error, 'the worker could not start'),
);

async function start(given: Environment): Promise<RunningWorker> {
  const { FORMWORK_MASTER_KEY_FILE: keyFile, FORMWORK_MASTER_KEY: key = '' } = given;
  return await openWorker({
    id: given.FORMWORK_WORKER_ID ?? `${hostname()}-${randomUUID().slice(0, 8)}`,
    databaseUrl: given.DATABASE_URL,
    redisUrl: given.REDIS_URL ?? null,
    masterKey: keyFile === undefined ? parseMasterKey(key) : readMasterKey(keyFile),
    dataDirectory: given.FORMWORK_DATA_DIR,
    serves: given.FORMWORK_WORKER_SITES ?? [],
    slots: given.FORMWORK_WORKER_SLOTS,
    roles: given.FORMWORK_WORKER_ROLES,
    metalUser: process.getuid?.() === 0 ? userOf(given.FORMWORK_METAL_USER) : null,
    sockets: handedSockets(process.env, process.pid),
    log,
  });
}

function userOf(text: string): { readonly uid: number; readonly gid: number } {
  const [uid = 0, gid = 0] = text.split(':').map(Number);
  return { uid, gid };
}
