import { execFile } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { FormworkError } from '@formwork/core';
import { giveTo, type RunAs } from './run-as.ts';

const run = promisify(execFile);

/**
 * Makes the cluster once. initdb works in `cluster.new`, which gets its name only when it is complete and on disk, so
 * a directory named `cluster` is always a whole one and a half-finished initdb is simply done again.
 * `durable: false` leaves out the sync to disk: after a power cut the cluster may be lost. For tests.
 */
export async function initializeCluster(deps: {
  readonly binaries: string;
  readonly directory: string;
  readonly password: string;
  readonly runAs: RunAs;
  readonly durable: boolean;
}): Promise<void> {
  const cluster = path.join(deps.directory, 'cluster');
  if (existsSync(cluster)) {
    giveTo(deps.runAs.owner, cluster);
    return;
  }
  const work = path.join(deps.directory, 'cluster.new');
  const passwordFile = path.join(deps.directory, 'cluster.password');
  rmSync(work, { recursive: true, force: true });
  rmSync(passwordFile, { force: true });
  mkdirSync(work, { mode: 0o700 });
  chownSync(work, deps.runAs.owner.uid, deps.runAs.owner.gid);
  writeFileSync(passwordFile, deps.password, { mode: 0o600 });
  chownSync(passwordFile, deps.runAs.owner.uid, deps.runAs.owner.gid);
  const [command = '', ...args] = [
    ...deps.runAs.prefix,
    path.join(deps.binaries, 'initdb'),
    ...['-D', work, '-U', 'postgres', '-E', 'UTF8', '--locale=C', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`],
    ...(deps.durable ? [] : ['--no-sync']),
  ];
  try {
    await run(command, args, { timeout: 120_000, env: postgresEnvironment(), cwd: deps.directory });
  } catch (cause) {
    throw new FormworkError('internal', 'embedded-postgres-initdb', `initdb failed in ${work}: ${stderrOf(cause)}`, {
      cause,
    });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameSync(work, cluster);
}

/** Nothing of ours reaches PostgreSQL: PG* variables would change what it does, and others may be secret. */
export const postgresEnvironment = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' });

function stderrOf(error: unknown): string {
  const text =
    error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' ? error.stderr : String(error);
  return text.trim().slice(-2_000);
}
