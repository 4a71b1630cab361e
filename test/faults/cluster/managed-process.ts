import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.ts';

/** One of Formwork's programs as a process of its own, with all it ever printed in one file. */
export interface ManagedProcess {
  readonly name: string;
  /** Null while it does not run. */
  pid(): number | null;
  /** Starts it, again whenever it ends before it is ready, as its supervisor would. */
  start(): Promise<void>;
  /** SIGKILL, and gone. */
  kill(): Promise<void>;
  /** SIGSTOP, and stopped. */
  freeze(): Promise<void>;
  /** SIGCONT. */
  thaw(): void;
  /** SIGTERM; answers how it ended and after how long. */
  stop(): Promise<{ readonly code: number | null; readonly tookMs: number }>;
}

export interface ProcessPlan {
  readonly name: string;
  /** Arguments of node. */
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Its last printed line before it does its work contains this. */
  readonly readyText: string;
  /** Where what it prints is kept. */
  readonly outputDirectory: string;
}

const startWithinMs = 60_000;

export function manageProcess(plan: ProcessPlan): ManagedProcess {
  const file = path.join(plan.outputDirectory, `${plan.name}.log`);
  let child: ChildProcess | null = null;
  const runs = (one: ChildProcess | null): one is ChildProcess =>
    one !== null && one.exitCode === null && one.signalCode === null;
  const printed = (): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return ''; // Not started before.
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<ChildProcess | null> => {
    const one = child;
    if (!runs(one)) return one;
    const ended = once(one, 'exit');
    one.kill(signal);
    await ended;
    return one;
  };
  const spawnOnce = (): ChildProcess => {
    const output = openSync(file, 'a');
    const spawned = spawn(process.execPath, [...plan.args], {
      env: {
        PATH: process.env['PATH'] ?? '',
        FORMWORK_TEST_RUN: process.env['FORMWORK_TEST_RUN'] ?? '',
        FORMWORK_UNTIL_STDIN_ENDS: '1',
        ...plan.environment,
      },
      // Its stdin ends with us, and so does it.
      stdio: ['pipe', output, output],
    });
    closeSync(output);
    spawned.stdin?.on('error', () => undefined);
    return spawned;
  };
  return {
    name: plan.name,
    pid: () => (runs(child) ? (child.pid ?? null) : null),
    async start() {
      const giveUpAt = performance.now() + startWithinMs;
      while (performance.now() < giveUpAt) {
        const from = printed().length;
        const spawned = spawnOnce();
        child = spawned;
        while (runs(spawned)) {
          if (printed().slice(from).includes(plan.readyText)) return;
          await sleep(30);
        }
        await sleep(200);
      }
      throw new Error(`${plan.name} does not start: ${printed().slice(-2_000)}`);
    },
    async kill() {
      await end('SIGKILL');
    },
    async freeze() {
      child?.kill('SIGSTOP');
      await until(`${plan.name} is stopped`, () => isStopped(child?.pid ?? 0));
    },
    thaw: () => child?.kill('SIGCONT'),
    async stop() {
      const beganMs = performance.now();
      const ended = await end('SIGTERM');
      return { code: ended?.exitCode ?? null, tookMs: performance.now() - beganMs };
    },
  };
}

/** State `T` of the kernel: it got the SIGSTOP, not only was sent it. */
export function isStopped(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
  } catch {
    return false;
  }
}
