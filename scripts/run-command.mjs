// Runs programs for the scripts of this folder: output line by line, a time limit, and nothing left running.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * @typedef {object} CommandEnd
 * @property {number | null} code Exit code; null when a signal ended it.
 * @property {boolean} timedOut
 * @property {string} why One phrase: `exit code 1`, `SIGKILL`, `time limit of 300 s`.
 */

/**
 * Runs a program in a process group of its own, without stdin, and ends the whole group when the time is up or when
 * this process is interrupted.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, timeoutMs: number, onLine: (line: string) => void }} options
 * @returns {Promise<CommandEnd>} Never rejects: a program that cannot be started has ended, too.
 */
export function runCommand(command, args, { cwd, env = process.env, timeoutMs, onLine }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let timedOut = false;
    const signalGroup = (signal) => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal);
      } catch {
        // The group is gone.
      }
    };
    let killTimer;
    const end = () => {
      signalGroup('SIGTERM');
      killTimer = setTimeout(() => signalGroup('SIGKILL'), 10_000);
    };
    const limit = setTimeout(() => {
      timedOut = true;
      end();
    }, timeoutMs);
    const onSignal = () => end();
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', onLine);

    let settled = false;
    const settle = (code, why) => {
      if (settled) return;
      settled = true;
      clearTimeout(limit);
      clearTimeout(killTimer);
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      signalGroup('SIGKILL');
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ code, timedOut, why: timedOut ? `time limit of ${String(timeoutMs / 1000)} s` : why });
    };
    const whyOf = (code, signal) => (code === null ? String(signal) : `exit code ${String(code)}`);
    child.once('error', (error) => settle(127, error.message));
    child.once('close', (code, signal) => settle(code, whyOf(code, signal)));
    // Somebody who holds its stdout and outlives it must not hold us, too.
    child.once('exit', (code, signal) => setTimeout(() => settle(code, whyOf(code, signal)), 3_000).unref());
  });
}

/** As `runCommand`, but hands back what was printed instead of passing it on. */
export async function outputOf(command, args, options) {
  const lines = [];
  const end = await runCommand(command, args, { ...options, onLine: (line) => lines.push(line) });
  return { ...end, output: lines.join('\n') };
}

/** `1 min 5 s`, `12 s`, `0.4 s`. */
export function duration(ms) {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${String(seconds)} s` : `${String(Math.floor(seconds / 60))} min ${String(seconds % 60)} s`;
}

/**
 * Runs `work` for each item, at most `limit` at once, in order of the list.
 *
 * @template T, R
 * @param {readonly T[]} items
 * @param {number} limit
 * @param {(item: T) => Promise<R>} work
 * @returns {Promise<R[]>} In the order of `items`.
 */
export async function atMost(limit, items, work) {
  const results = new Array(items.length);
  const left = items.entries();
  const lane = async () => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: limit }, lane));
  return results;
}
