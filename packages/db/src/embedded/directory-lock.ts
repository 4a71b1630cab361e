import { spawnSync } from 'node:child_process';
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { FormworkError } from '@formwork/core';

/**
 * An exclusive lock on a data directory, held by the kernel for the life of this process: it is free again after any
 * kind of end, and no stale file has to be judged. The file's text, the holder's pid, is for people only.
 *
 * flock(2) belongs to the open file, which the short-lived `flock` program shares through its file descriptor 3;
 * macOS has no such program but takes the lock while opening (O_EXLOCK).
 */
export interface DirectoryLock {
  release(): void;
}

const exclusiveOnOpen = 0x20;

/** Throws `conflict` `embedded-postgres-locked`, naming the holder's pid and the directory, when another process holds it. */
export function lockDirectory(directory: string): DirectoryLock {
  const file = path.join(directory, 'lock');
  const flags = constants.O_RDWR | constants.O_CREAT;
  let descriptor: number;
  if (process.platform === 'darwin') {
    try {
      descriptor = openSync(file, flags | exclusiveOnOpen | constants.O_NONBLOCK, 0o600);
    } catch (cause) {
      throw held(directory, file, cause);
    }
  } else {
    descriptor = openSync(file, flags, 0o600);
    const { status, error } = spawnSync('flock', ['-n', '-x', '3'], {
      stdio: ['ignore', 'ignore', 'ignore', descriptor],
      timeout: 5_000,
    });
    if (status !== 0) {
      closeSync(descriptor);
      if (error !== undefined) {
        throw new FormworkError(
          'not-found',
          'flock-missing',
          'the program flock (util-linux) is needed to lock the data directory',
          { cause: error },
        );
      }
      throw held(directory, file, undefined);
    }
  }
  ftruncateSync(descriptor);
  writeSync(descriptor, `${process.pid}\n`, 0);
  return {
    release: () => {
      closeSync(descriptor);
    },
  };
}

function held(directory: string, file: string, cause: unknown): FormworkError {
  const holder = readFileSync(file, 'utf8').trim() || 'unknown';
  return new FormworkError(
    'conflict',
    'embedded-postgres-locked',
    `the data directory ${directory} is in use by process ${holder}: stop that one, or choose another directory`,
    { cause, details: { directory, holder } },
  );
}
