// Makes the checkout runnable: dependencies and build, each only as far as it is out of date.
import path from 'node:path';
import { outputOf } from '../run-command.mjs';
import { ensureNpmPackages, nodeProblem } from '../setup/npm-packages.mjs';

export const root = path.resolve(import.meta.dirname, '../..');

/** Throws with what a person can do about it. */
export async function prepare(say, signal) {
  const problem =
    nodeProblem() ?? (await ensureNpmPackages(root, (line) => say(`installing dependencies: ${line} ...`)));
  signal.throwIfAborted();
  if (problem !== null) throw new Error(problem);
  say('building ...');
  const { code, why, output } = await outputOf('npm', ['run', '--silent', 'build'], { cwd: root, timeoutMs: 600_000 });
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`the build failed: ${why}\n${output}`);
}
