import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FormworkError } from '@formwork/core';
import type { Log } from '../log.ts';
import { answers } from './postmaster.ts';

/**
 * Ends the postgres that a killed supervisor left running. Called with the directory's lock held, so nobody else
 * supervises it. `postmaster.pid` names a pid, which may by now be anybody's: it is ours only if that process works
 * in our cluster directory. One that is not ours is left alone and the file removed, as PostgreSQL itself refuses
 * to start while any process has that pid.
 */
export async function endOrphan(deps: {
  readonly cluster: string;
  readonly password: string;
  readonly log: Log;
}): Promise<void> {
  const file = path.join(deps.cluster, 'postmaster.pid');
  const found = readPidFile(file);
  if (found === undefined) return;
  if (isAlive(found.pid) && isPostmasterOf(found.pid, deps.cluster)) {
    deps.log.warn(
      { pid: found.pid, directory: deps.cluster },
      'stopping a PostgreSQL left running by a killed process',
    );
    await end(found.pid);
    return;
  }
  if (found.port !== undefined && (await answers(found.port, deps.password))) {
    throw new FormworkError(
      'conflict',
      'embedded-postgres-elsewhere',
      `a PostgreSQL on port ${found.port} already serves ${deps.cluster}, but its process is not visible from here (another container?): stop it first`,
    );
  }
  rmSync(file, { force: true });
}

async function end(pid: number): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    kill(pid, signal);
    const deadline = performance.now() + waitMs;
    while (performance.now() < deadline) {
      if (!isAlive(pid)) return;
      await sleep(20);
    }
  }
  throw new FormworkError(
    'conflict',
    'embedded-postgres-orphan',
    `the PostgreSQL with pid ${pid} does not end: stop it first`,
  );
}

/** Lines of postmaster.pid: pid, data directory, start time, port, ... A crash may leave fewer. */
function readPidFile(file: string): { pid: number; port: number | undefined } | undefined {
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, 'utf8').split('\n');
  const pid = Number(lines[0]);
  const port = Number(lines[3]);
  if (!Number.isInteger(pid) || pid <= 1) {
    rmSync(file, { force: true });
    return undefined;
  }
  return { pid, port: Number.isInteger(port) && port > 0 ? port : undefined };
}

/** By its working directory, which a postmaster sets to its data directory; macOS has no /proc, so there by its command. */
function isPostmasterOf(pid: number, cluster: string): boolean {
  try {
    if (process.platform === 'linux') {
      return realpathSync(readlinkSync(`/proc/${pid}/cwd`)) === realpathSync(cluster);
    }
    const command = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8', timeout: 5_000 });
    return command.includes('postgres') && command.includes(cluster);
  } catch {
    return false;
  }
}

/** A zombie is dead: nobody reaped it, but it holds nothing. */
function isAlive(pid: number): boolean {
  if (!kill(pid, 0)) return false;
  if (process.platform !== 'linux') return true;
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
