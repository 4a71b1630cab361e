/** Programs of this host, and nowhere else in the provider: arrays for arguments, a clean environment, a deadline. */
import { spawn } from 'node:child_process';
import { reasonOf } from '../pause.ts';
import { localError, localFailures } from './errors.ts';

export interface RunOptions {
  /** Fires at the call's deadline too; the program is killed at once. */
  readonly signal: AbortSignal;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Exit codes that are an answer, not a failure; 0 always is. */
  readonly allow?: readonly number[];
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Run = (command: string, args: readonly string[], options: RunOptions) => Promise<RunResult>;

/** Nothing of our own environment: it may hold the database's password. */
export const cleanEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  HOME: '/root',
};

const maxOutputBytes = 4 * 1024 * 1024;

/** Runs a program to its end. Throws what `localFailures.command` says when it fails, the signal's reason when aborted. */
export const run: Run = async (command, args, { signal, input, env, allow = [] }) => {
  signal.throwIfAborted();
  return await new Promise<RunResult>((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...cleanEnvironment, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let bytes = 0;
    const collect = (into: Buffer[]) => (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxOutputBytes) into.push(chunk);
    };
    child.stdout.on('data', collect(out));
    child.stderr.on('data', collect(err));
    child.stdin.on('error', () => undefined); // EPIPE: the program did not read; its exit code tells.
    child.on('error', (error) => {
      if (signal.aborted) reject(reasonOf(signal));
      else if ('code' in error && error.code === 'ENOENT') reject(localError(localFailures.commandMissing(command)));
      else reject(error);
    });
    child.on('close', (code) => {
      if (signal.aborted) {
        reject(reasonOf(signal));
        return;
      }
      const stdout = Buffer.concat(out).toString('utf8');
      const stderr = Buffer.concat(err).toString('utf8');
      if (code !== null && (code === 0 || allow.includes(code))) resolve({ code, stdout, stderr });
      else reject(localError(localFailures.command(command, code, stderr || stdout)));
    });
    child.stdin.end(input ?? '');
  });
};
