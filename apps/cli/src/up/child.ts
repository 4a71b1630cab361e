import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BackoffTimes, createBackoff } from './backoff.ts';
import type { LogFile } from './log-file.ts';
import { processStart } from './process-identity.ts';

export interface ChildPlan {
  readonly name: string;
  /** Arguments of node: the program's file and its own. */
  readonly args: readonly string[];
  /** Asked at each start, so that a restarted child gets what is true then. */
  readonly env: () => NodeJS.ProcessEnv;
  readonly log: LogFile;
  readonly backoff: BackoffTimes;
  /** Gets stdout line by line and keeps it from the log: for what no log may hold. */
  readonly onLine?: (line: string) => void;
}

export type ChildEvent =
  | { readonly kind: 'started'; readonly name: string; readonly pid: number; readonly start: string | null }
  | {
      readonly kind: 'ended';
      readonly name: string;
      readonly how: string;
      readonly delayMs: number;
      readonly quickDeaths: number;
      readonly tail: readonly string[];
    };

/** A process that is started again, with back-off, whenever it ends. */
export interface Child {
  readonly name: string;
  /** Ends the process politely; it is started again at once. */
  restart(): void;
  /** SIGTERM, and SIGKILL after `graceMs`; resolves when it is gone for good. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Starts it. Each child has a session of its own, so that Ctrl-C reaches `up` alone and the order of stopping is ours,
 * and a pipe as stdin, by whose end it sees us die (server and worker look with FORMWORK_UNTIL_STDIN_ENDS).
 */
export function startChild(plan: ChildPlan, onEvent: (event: ChildEvent) => void): Child {
  const backoff = createBackoff(plan.backoff);
  const stopping = new AbortController();
  const isStopping = () => stopping.signal.aborted;
  let current: ChildProcess | null = null;
  let wanted: 'restart' | null = null;

  const live = async (): Promise<void> => {
    while (!isStopping()) {
      const startedMs = performance.now();
      const process = spawnProcess(plan);
      current = process;
      if (process.pid !== undefined) {
        onEvent({ kind: 'started', name: plan.name, pid: process.pid, start: processStart(process.pid) });
      }
      const how = await ended(process);
      current = null;
      if (isStopping()) return;
      if (wanted === 'restart') {
        wanted = null;
        continue;
      }
      const { delayMs, quickDeaths } = backoff.next(performance.now() - startedMs);
      onEvent({ kind: 'ended', name: plan.name, how, delayMs, quickDeaths, tail: plan.log.tail() });
      await sleep(delayMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const over = live();

  return {
    name: plan.name,
    restart: () => {
      if (current === null) return;
      wanted = 'restart';
      current.kill('SIGTERM');
    },
    stop: async (graceMs) => {
      stopping.abort();
      current?.kill('SIGTERM');
      const timer = setTimeout(() => current?.kill('SIGKILL'), graceMs);
      await over;
      clearTimeout(timer);
      plan.log.close();
    },
  };
}

function spawnProcess(plan: ChildPlan): ChildProcess {
  const child = spawn(process.execPath, [...plan.args], {
    env: plan.env(),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  // A child that ends while we hold its stdin is no error of ours.
  child.stdin.on('error', () => undefined);
  child.stdout.setEncoding('utf8');
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (chunk: string) => {
    plan.log.write(chunk);
  });
  const { onLine } = plan;
  let rest = '';
  child.stdout.on('data', (chunk: string) => {
    if (onLine === undefined) {
      plan.log.write(chunk);
      return;
    }
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  return child;
}

const ended = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('close', (code, signal) => {
      resolve(signal === null ? `exit code ${String(code)}` : `signal ${signal}`);
    });
  });
