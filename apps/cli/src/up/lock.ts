import { spawnSync } from 'node:child_process';
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { FormworkError } from '@formwork/api';
import { z } from 'zod';
import { processStart } from './process-identity.ts';

export interface UpLock {
  release(): void;
}

const holderSchema = z.object({ pid: z.int(), start: z.string().nullable() });

/**
 * One `up` a data directory. The kernel holds the lock for the life of this process (flock(2) on an open file, taken
 * for us by the program `flock`, which shares it), so the lock of a dead one is simply free. Where there is no such
 * program, the pid and start time in the file decide. Errors: `already-up`, naming the pid.
 */
export function lockDataDirectory(directory: string): UpLock {
  const file = path.join(directory, 'up.lock');
  const descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  const { status, error } = spawnSync('flock', ['-n', '-x', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', descriptor],
    timeout: 5_000,
  });
  const taken = error === undefined ? status !== 0 : lives(readHolder(file));
  if (taken) {
    closeSync(descriptor);
    throw alreadyUp(directory, readHolder(file)?.pid);
  }
  ftruncateSync(descriptor);
  writeSync(descriptor, `${JSON.stringify({ pid: process.pid, start: processStart(process.pid) })}\n`, 0);
  return {
    release: () => {
      ftruncateSync(descriptor);
      closeSync(descriptor);
    },
  };
}

function readHolder(file: string): z.output<typeof holderSchema> | null {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return null;
  }
}

const lives = (holder: ReturnType<typeof readHolder>): boolean =>
  holder !== null && holder.start !== null && processStart(holder.pid) === holder.start;

function alreadyUp(directory: string, pid: number | undefined): FormworkError {
  const who = pid === undefined ? 'another process' : `process ${String(pid)}`;
  return new FormworkError(
    'conflict',
    'already-up',
    `formwork is up already: ${who} holds ${directory}; stop that one, or choose another place with --data-dir`,
    { details: { pid } },
  );
}
