/** Programs of this host that talk to BMCs: arrays for arguments, secrets by environment, a deadline, bounded output. */
import { spawn } from 'node:child_process';
import { bmcError, bmcFailures } from './bmc-failures.ts';
import { reasonOf } from '../../pause.ts';

export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type RunProgram = (
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<ProgramResult>;

const mostOutputBytes = 1024 * 1024;

/** The environment is ours alone: `env` and a PATH. @throws `invalid` when the program is not installed. */
export const runProgram: RunProgram = async (command, args, env, signal) => {
  if (signal.aborted) throw reasonOf(signal);
  return await new Promise<ProgramResult>((resolve, reject) => {
    const child = spawn(command, args, {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin', LC_ALL: 'C', HOME: '/nonexistent', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
    });
    const output: { stdout: Buffer[]; stderr: Buffer[]; bytes: number } = { stdout: [], stderr: [], bytes: 0 };
    const collect = (into: Buffer[]) => (chunk: Buffer) => {
      output.bytes += chunk.length;
      if (output.bytes <= mostOutputBytes) into.push(chunk);
    };
    child.stdout.on('data', collect(output.stdout));
    child.stderr.on('data', collect(output.stderr));
    child.on('error', (error) => {
      const absent = 'code' in error && error.code === 'ENOENT';
      if (signal.aborted) reject(reasonOf(signal));
      else reject(absent ? bmcError(bmcFailures.invalid('program-missing', `${command} is not installed.`)) : error);
    });
    child.on('close', (code) => {
      if (signal.aborted) {
        reject(reasonOf(signal));
        return;
      }
      const text = (chunks: Buffer[]): string => Buffer.concat(chunks).toString('utf8');
      resolve({ code: code ?? -1, stdout: text(output.stdout), stderr: text(output.stderr) });
    });
  });
};
