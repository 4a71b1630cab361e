import { spawn } from 'node:child_process';
import { FormworkError } from '@formwork/core';

export type RunTool = (command: string, args: readonly string[], signal: AbortSignal) => Promise<string>;

const keptCharacters = 4000;

/**
 * Runs a program of this host to its end, in an environment of its own; answers its output. Each line that it writes to
 * stderr goes to `onLine`. Throws `tool-missing` and `tool-failed` with what it said last.
 */
export const createRunTool =
  (onLine: (line: string) => void): RunTool =>
  (command, args, signal) =>
    new Promise((resolve, reject) => {
      const child = spawn(command, args, {
        env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', HOME: '/root' },
        stdio: ['ignore', 'pipe', 'pipe'],
        signal,
      });
      let out = '';
      let said = '';
      let rest = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out = (out + chunk).slice(-1024 * 1024)));
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        said = (said + chunk).slice(-keptCharacters);
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) onLine(line);
      });
      child.on('error', (error) => {
        const absent = 'code' in error && error.code === 'ENOENT';
        reject(absent ? new FormworkError('invalid', 'tool-missing', `${command} is not installed`) : error);
      });
      child.on('close', (code) => {
        if (code === 0) resolve(out);
        else {
          const how = `${command} failed (exit code ${String(code)}): ${said.trim() || out.trim().slice(-keptCharacters)}`;
          reject(new FormworkError('terminal', 'tool-failed', how));
        }
      });
    });
