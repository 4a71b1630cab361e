import { fstatSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FormworkError } from '@formwork/core';
import type { Log } from '../log.ts';
import { startEmbeddedPostgres } from './start.ts';

/**
 * The embedded PostgreSQL as a process: `node packages/db/dist/embedded/main.js --data DIR`.
 * stdout: one JSON line `{"url": ...}` when it answers; it holds the password, so stdout is a pipe to the parent.
 * stderr: its log, one JSON object a line. It ends PostgreSQL and itself on SIGTERM, SIGINT and, stdin being a pipe,
 * when that closes, which is how it sees its parent die. Exit status: 0 stopped as asked, 1 not started.
 */
const log: Log = { info: write('info'), warn: write('warn'), error: write('error') };

const { values } = parseArgs({ options: { data: { type: 'string' } }, strict: true });
if (values.data === undefined) {
  process.stderr.write('usage: main.js --data DIRECTORY\n');
  process.exit(1);
}

const asked = new Promise<string>((resolve) => {
  process.on('SIGTERM', resolve);
  process.on('SIGINT', resolve);
  const stdin = fstatSync(0);
  // Under systemd it is /dev/null, which ends at once and means nothing.
  if (!stdin.isFIFO() && !stdin.isSocket()) return;
  const closed = () => {
    resolve('stdin closed');
  };
  process.stdin.on('end', closed).on('error', closed).resume();
});

try {
  const postgres = await startEmbeddedPostgres({ dataDirectory: values.data, log });
  // A parent that died before reading is seen by stdin; its closed pipe must not end us before PostgreSQL is stopped.
  process.stdout.on('error', () => {});
  process.stdout.write(`${JSON.stringify({ url: postgres.url })}\n`);
  log.info({ why: await asked }, 'stopping PostgreSQL');
  await postgres.stop();
  process.exit(0);
} catch (error) {
  log.error(
    { code: error instanceof FormworkError ? error.code : 'internal', error: String(error) },
    'PostgreSQL is not started',
  );
  process.exit(1);
}

function write(level: string): (fields: Readonly<Record<string, unknown>>, message: string) => void {
  return (fields, message) => {
    process.stderr.write(`${JSON.stringify({ level, time: new Date().toISOString(), ...fields, message })}\n`);
  };
}
