import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, lchownSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { FormworkError } from '@formwork/core';

/**
 * How PostgreSQL, which refuses to run as root, is run:
 * - not root: as this user;
 * - root, user namespaces work: under `unshare -U`, where it is still the owner of its files but no longer root;
 * - root without them (most containers): as `postgres`, else `nobody`, who then owns the files.
 */
export interface RunAs {
  readonly prefix: readonly string[];
  readonly owner: { readonly uid: number; readonly gid: number };
}

export function chooseRunAs(): RunAs {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  if (uid !== 0) return { prefix: [], owner: { uid, gid } };
  if (spawnSync('unshare', ['-U', 'true'], { timeout: 5_000 }).status === 0) {
    return { prefix: ['unshare', '-U'], owner: { uid, gid } };
  }
  return runAsUser('postgres') ?? runAsUser('nobody') ?? refuse();
}

/** Runs it as a system user, by setpriv; undefined when there is no such user. */
export function runAsUser(name: string): RunAs | undefined {
  const idOf = (flag: string): number | undefined => {
    const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8', timeout: 5_000 });
    return status === 0 ? Number(stdout.trim()) : undefined;
  };
  const uid = idOf('-u');
  const gid = idOf('-g');
  if (uid === undefined || gid === undefined) return undefined;
  return { prefix: ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'], owner: { uid, gid } };
}

function refuse(): never {
  throw new FormworkError(
    'denied',
    'embedded-postgres-root',
    'PostgreSQL does not run as root, and there is neither a user namespace nor a user postgres or nobody: run as another user, or set DATABASE_URL',
  );
}

/** Proves that the chosen user reaches the binaries and the data. Throws `denied` naming the path it cannot enter. */
export function checkReach(runAs: RunAs, directories: readonly string[]): void {
  const [command, ...prefix] = runAs.prefix;
  if (command === undefined) return;
  for (const directory of directories) {
    try {
      execFileSync(command, [...prefix, 'test', '-x', directory], { stdio: 'ignore', timeout: 5_000 });
    } catch (cause) {
      throw new FormworkError(
        'denied',
        'embedded-postgres-reach',
        `the user that runs PostgreSQL (uid ${runAs.owner.uid}) cannot enter ${directory}: move it below a directory open to all, or set DATABASE_URL`,
        { cause },
      );
    }
  }
}

/** Gives a directory and all below it to the owner, when it is another's; only root can. */
export function giveTo(owner: RunAs['owner'], directory: string): void {
  if (process.getuid?.() !== 0 || statSync(directory).uid === owner.uid) return;
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const child = path.join(folder, entry.name);
      lchownSync(child, owner.uid, owner.gid);
      if (entry.isDirectory()) walk(child);
    }
  };
  walk(directory);
  // Last: an interrupted walk is seen by the directory's own owner and done again.
  chownSync(directory, owner.uid, owner.gid);
}
