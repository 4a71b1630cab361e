// The files of the repository: committed, or new and not ignored.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** @returns {readonly string[]} Paths from the root, sorted. */
export function trackedFiles(root) {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const text = execFileSync('git', args, { cwd: root, encoding: 'utf8', timeout: 30_000, maxBuffer: 64 * 1024 * 1024 });
  const files = new Set(text.split('\0').filter((file) => file !== '' && existsSync(path.join(root, file))));
  return [...files].sort();
}
