import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { parseMasterKey, readMasterKey } from '@formwork/db';
import { pino } from 'pino';
import { openWorker } from './app.ts';
import { environment } from './environment.ts';

/** Longest time from SIGTERM to the end, milliseconds: steps go on on their nodes without us. */
const stopWithinMs = 10_000;

const parsed = environment.safeParse(process.env);
if (!parsed.success) {
  for (const issue of parsed.error.issues) process.stderr.write(`${issue.path.join('.')}: ${issue.message}\n`);
  process.exit(2);
}
const settings = parsed.data;
const log = pino({ level: settings.LOG_LEVEL, base: { app: 'worker' } });
const keyFile = settings.FORMWORK_MASTER_KEY_FILE;
const masterKey = keyFile === undefined ? parseMasterKey(settings.FORMWORK_MASTER_KEY ?? '') : readMasterKey(keyFile);

const worker = await openWorker({
  id: settings.FORMWORK_WORKER_ID ?? `${hostname()}-${randomUUID().slice(0, 8)}`,
  databaseUrl: settings.DATABASE_URL,
  redisUrl: settings.REDIS_URL ?? null,
  masterKey,
  dataDirectory: settings.FORMWORK_DATA_DIR,
  serves: settings.FORMWORK_WORKER_SITES ?? [],
  slots: settings.FORMWORK_WORKER_SLOTS,
  log,
});
log.info({ slots: settings.FORMWORK_WORKER_SLOTS }, 'the worker is ready');

let stopping = false;
const stop = (signal: string): void => {
  if (stopping) return;
  stopping = true;
  log.info({ signal }, 'the worker stops; running steps go on on their nodes');
  setTimeout(() => process.exit(1), stopWithinMs).unref();
  worker.close().then(
    () => process.exit(0),
    (error: unknown) => {
      log.error({ error: String(error) }, 'the worker did not stop cleanly');
      process.exit(1);
    },
  );
};
process.on('SIGTERM', () => stop('SIGTERM'));
process.on('SIGINT', () => stop('SIGINT'));
process.on('uncaughtException', (error) => {
  log.fatal({ error: error.stack }, 'an error nobody caught; the worker ends and is started again');
  process.exit(1);
});
process.on('unhandledRejection', (error) => {
  log.fatal({ error: String(error) }, 'a rejection nobody caught; the worker ends and is started again');
  process.exit(1);
});
