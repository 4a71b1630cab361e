// Makes the checkout runnable: dependencies and build, each only when it is missing or older than its sources.
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

/** Runs a program to its end; what it prints is shown only when it fails. */
export function run(command, args, { signal, cwd = root, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, signal, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (data) => {
      output = (output + data).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}\n${output}`));
    });
  });
}

const modified = (file) => (existsSync(path.join(root, file)) ? statSync(path.join(root, file)).mtimeMs : 0);

/** `npm ci`, unless what is installed is as new as the lock file. */
export async function installDependencies(say, signal) {
  const installed = modified('node_modules/.package-lock.json');
  if (installed > 0 && installed >= modified('package-lock.json')) return;
  say('installing dependencies (npm ci) ...');
  await run('npm', ['ci', '--no-audit', '--no-fund'], { signal });
}

/** The build looks for itself what is out of date. */
export async function build(say, signal) {
  say('building ...');
  await run('npm', ['run', '--silent', 'build'], { signal });
}
