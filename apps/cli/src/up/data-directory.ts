import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, linkSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { FormworkError } from '@formwork/api';

type Env = Readonly<Record<string, string | undefined>>;

/** FORMWORK_DATA_DIR, else /var/lib/formwork for root, else the user's own place for data (XDG base directories). */
export function defaultDataDirectory(env: Env, isRoot: boolean): string {
  if (env['FORMWORK_DATA_DIR'] !== undefined) return env['FORMWORK_DATA_DIR'];
  if (isRoot) return '/var/lib/formwork';
  return path.join(env['XDG_DATA_HOME'] ?? path.join(env['HOME'] ?? homedir(), '.local', 'share'), 'formwork');
}

/** Makes it. Others may pass through, which PostgreSQL's user needs where it is another, but may list nothing. */
export function prepareDataDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o711 });
    chmodSync(directory, 0o711);
  } catch (cause) {
    throw new FormworkError(
      'denied',
      'data-directory',
      `${directory} cannot be made or is not yours; choose another with --data-dir`,
      {
        cause,
      },
    );
  }
}

/**
 * The file with the key that all secrets in the database are sealed under: 32 random bytes in hex, made once.
 * Losing it loses every stored secret. Errors: `master-key-open` when others could read it.
 */
export function ensureMasterKey(directory: string): string {
  const file = path.join(directory, 'master.key');
  if (!existsSync(file)) {
    const fresh = `${file}.${String(process.pid)}.new`;
    writeFileSync(fresh, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx', flush: true });
    // A link never replaces: whichever came first is the key.
    if (!existsSync(file)) linkSync(fresh, file);
    rmSync(fresh);
  }
  if ((statSync(file).mode & 0o077) !== 0) {
    throw new FormworkError('denied', 'master-key-open', `others can read ${file}; run: chmod 600 ${file}`);
  }
  return file;
}
