import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { FormworkError } from '@formwork/core';
import { searchPath } from './check-host.ts';

const tailLines = 15;

/**
 * Runs a shell script in namespaces of its own, which take all of its processes and mounts with them, however it ends.
 * Its output goes to `log`; lines of ours (`formwork: ...`) are progress. Errors: `image-build-failed` with the end of the log.
 */
export async function runBuilder(
  script: string,
  directory: string,
  log: string,
  env: Readonly<Record<string, string>>,
  onProgress: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const isolated = ['--mount', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'];
  const child = spawn('unshare', [...isolated, 'sh', '-c', script, 'image', directory], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: '/',
    env: { PATH: searchPath, HOME: '/root', TMPDIR: directory, DEBIAN_FRONTEND: 'noninteractive', ...env },
    signal,
    killSignal: 'SIGKILL',
  });
  const file = createWriteStream(log, { mode: 0o600 });
  const tail: string[] = [];
  const take = (line: string): void => {
    file.write(`${line}\n`);
    tail.push(line);
    if (tail.length > tailLines) tail.shift();
    if (line.startsWith('formwork: ')) onProgress(line.slice('formwork: '.length));
  };
  createInterface({ input: child.stdout }).on('line', take);
  createInterface({ input: child.stderr }).on('line', take);
  const how = await new Promise<string | null>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, by) => resolve(code === 0 ? null : by === null ? `exit code ${code ?? '?'}` : by));
  });
  await new Promise<void>((resolve) => file.end(resolve));
  signal.throwIfAborted();
  if (how === null) return;
  throw new FormworkError('terminal', 'image-build-failed', `${how}; the log is ${log}:\n${tail.join('\n')}`);
}
