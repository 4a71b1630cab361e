import path from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { readOptions } from '../command-options.ts';
import type { Io } from '../io.ts';
import { adoptFirstToken } from '../up/admin-token.ts';
import { backoffTimes } from '../up/backoff.ts';
import { defaultDataDirectory, ensureMasterKey, prepareDataDirectory } from '../up/data-directory.ts';
import { lockDataDirectory } from '../up/lock.ts';
import { openLogFile } from '../up/log-file.ts';
import { endOrphans, openChildRecord } from '../up/orphans.ts';
import { findPrograms } from '../up/programs.ts';
import { refuseTls, requireFreePort } from '../up/refuse-settings.ts';
import { createReport } from '../up/report.ts';
import { supervise } from '../up/supervise.ts';

const optionsSchema = z.object({
  dataDir: z.string().optional(),
  port: z.coerce.number().int().min(1).max(65_535),
  host: z.string().min(1),
  json: z.boolean().default(false),
  untilStdinEnds: z.boolean().default(false),
});

export function upCommand(io: Io): Command {
  return new Command('up')
    .description('start server, worker and database on this machine and keep them running')
    .option(
      '--data-dir <directory>',
      'where everything is kept; else FORMWORK_DATA_DIR, /var/lib/formwork or ~/.local/share/formwork',
    )
    .option('--port <n>', 'where the server listens', '8468')
    .option('--host <address>', 'where the server listens; anything but loopback needs TLS before it', '127.0.0.1')
    .option('--json', 'say what happens as JSON, an object a line')
    .option(
      '--until-stdin-ends',
      'stop when standard input closes, so that nothing outlives the program that started it',
    )
    .action(async (given: unknown) => {
      await up(io, readOptions(optionsSchema, given));
    });
}

async function up(io: Io, options: z.output<typeof optionsSchema>): Promise<void> {
  refuseTls(io.env);
  const isRoot = process.getuid?.() === 0;
  const directory = path.resolve(options.dataDir ?? defaultDataDirectory(io.env, isRoot));
  const report = createReport(io, options.json);
  prepareDataDirectory(directory);
  const lock = lockDataDirectory(directory);
  try {
    const orphans = await endOrphans(directory, 12_000);
    if (orphans.length > 0) report({ kind: 'orphans', names: orphans });
    await requireFreePort(options.host, options.port);
    await run(io, options, directory, report);
  } finally {
    lock.release();
  }
}

async function run(
  io: Io,
  options: z.output<typeof optionsSchema>,
  directory: string,
  report: ReturnType<typeof createReport>,
): Promise<void> {
  const url = `http://${urlHost(options.host)}:${String(options.port)}`;
  const tokenFile = path.join(directory, 'admin-token');
  const record = openChildRecord(directory);
  const supervised = await supervise(
    {
      programs: findPrograms(directory),
      databaseUrl: io.env['DATABASE_URL'] ?? null,
      env: {
        ...io.env,
        // The allocator keeps a heap of its own for each thread otherwise, and gives little of them back.
        MALLOC_ARENA_MAX: io.env['MALLOC_ARENA_MAX'] ?? '1',
        // Ours, not theirs.
        FORMWORK_TOKEN: undefined,
        FORMWORK_MASTER_KEY_FILE: ensureMasterKey(directory),
        FORMWORK_DATA_DIR: directory,
        FORMWORK_HOST: options.host,
        FORMWORK_PORT: String(options.port),
        FORMWORK_ADMIN_TOKEN_FILE: tokenFile,
        // Metal sites boot from here where this host has their address; elsewhere the role does nothing.
        FORMWORK_WORKER_ROLES: io.env['FORMWORK_WORKER_ROLES'] ?? 'steps,metal',
      },
      serverUrl: url,
      backoff: backoffTimes,
      openLog: (name) => openLogFile(path.join(directory, 'logs'), name),
      onEvent: (event) => {
        if (event.kind === 'started') record.set(event.name, event.pid, event.start);
        report(event);
      },
      readyWithinMs: 180_000,
    },
    io.interrupted,
  );
  try {
    const first = await adoptFirstToken(tokenFile, url, io.env);
    if (first !== null) report({ kind: 'first-token', first });
    report({ kind: 'ready', url, dataDirectory: directory });
    await (options.untilStdinEnds
      ? Promise.race([untilAborted(io.interrupted), untilStdinEnds()])
      : untilAborted(io.interrupted));
  } finally {
    report({ kind: 'stopping' });
    await supervised.stop();
    record.clear();
    report({ kind: 'stopped' });
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
  });

/** The other end is a pipe that its holder closes, by intention or by its end. */
const untilStdinEnds = (): Promise<void> =>
  new Promise((resolve) => {
    process.stdin.on('end', resolve).on('error', () => {
      resolve();
    });
    process.stdin.resume();
    // Listening is no reason to stay once everything is stopped.
    process.stdin.unref();
  });

/** Where this machine reaches a server that listens at `host`. */
function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
