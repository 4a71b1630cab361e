// Installs the npm packages of the lockfile when they are not there, as `npm ci` does.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { outputOf } from '../run-command.mjs';

/** Says what keeps this Node from running Formwork; null when nothing does. */
export function nodeProblem(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 19) ? null : `Node >= 20.19 is needed; this is ${version}`;
}

/** Whether node_modules lacks a package of the lockfile or has another version. npm writes its own list last of all. */
function npmPackagesAreStale(root) {
  const installed = path.join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installed)) return true;
  const packagesIn = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const there = packagesIn(installed);
  return Object.entries(packagesIn(path.join(root, 'package-lock.json'))).some(
    ([place, { version, optional }]) =>
      place.startsWith('node_modules/') &&
      optional !== true &&
      (there[place] === undefined || there[place].version !== version),
  );
}

/**
 * Install scripts are left out: the one that matters makes links for the embedded PostgreSQL, which packages/db makes
 * up for at its start, and the others would ask hosts besides the registry for downloads.
 *
 * @param {string} root
 * @param {(line: string) => void} onLine
 * @returns {Promise<string | null>} What went wrong; null when all is there.
 */
export async function ensureNpmPackages(root, onLine) {
  if (!npmPackagesAreStale(root)) return null;
  // A registry that lacks a package for some other system makes `ci` refuse the lockfile that `install` gets along with.
  let problem = '';
  for (const args of [['ci'], ['install', '--no-save']]) {
    onLine(`npm ${args.join(' ')}`);
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const { code, why, output } = await outputOf('npm', [...args, ...options], { cwd: root, timeoutMs: 600_000 });
    if (code === 0) return null;
    problem += `npm ${args.join(' ')} failed: ${why}\n${output.slice(0, 2_000)}\n`;
  }
  return problem;
}
