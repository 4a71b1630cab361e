import { pino } from 'pino';
import { environment } from './environment.ts';
import { openServer } from './open-server.ts';

/** Longest time from SIGTERM to the end, milliseconds. */
const stopWithinMs = 10_000;

const parsed = environment.safeParse(process.env);
if (!parsed.success) {
  for (const issue of parsed.error.issues) process.stderr.write(`${issue.path.join('.')}: ${issue.message}\n`);
  process.exit(2);
}
const settings = parsed.data;
const log = pino(
  {
    level: settings.LOG_LEVEL,
    base: { app: 'server' },
    redact: { paths: ['req.headers.authorization', 'headers.authorization', 'authorization'], censor: '[redacted]' },
  },
  // Synchronous: pino's default never comes back from `fatal` when whoever read the log is gone.
  pino.destination({ fd: 1, sync: true }),
);

const end = (error: unknown, message: string): void => {
  log.fatal({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, message);
  process.exit(1);
};
process.on('uncaughtException', (error) => end(error, 'an error nobody caught; the server ends and is started again'));
process.on('unhandledRejection', (error) => end(error, 'a rejection nobody caught; the server ends'));

const starting = openServer(settings, log);
let stopping = false;
const stop = (signal: string): void => {
  if (stopping) return;
  stopping = true;
  log.info({ signal }, 'the server stops');
  setTimeout(() => process.exit(1), stopWithinMs).unref();
  starting
    .then((server) => server.close())
    .then(
      () => process.exit(0),
      (error: unknown) => end(error, 'the server did not stop cleanly'),
    );
};
process.on('SIGTERM', () => stop('SIGTERM'));
process.on('SIGINT', () => stop('SIGINT'));
if (settings.FORMWORK_UNTIL_STDIN_ENDS === '1') {
  const gone = (): void => stop('end of stdin');
  process.stdin.on('end', gone).on('error', gone).resume();
}

starting.then(
  (server) => log.info({ url: server.url }, 'the server is ready'),
  (error: unknown) => end(error, 'the server could not start'),
);
