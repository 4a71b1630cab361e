import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../../..');
const fromSource = ['--conditions=formwork-source', '--import', 'tsx'];
const patienceMs = 60_000;

/** What `formwork up` tells V8 of its server and worker. */
export const asFormworkUp = [
  '--max-semi-space-size=4',
  '--heap-growing-percent=20',
  '--no-allocation-site-pretenuring',
];

export interface Program {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Starts a built program as `formwork up` does and waits for its line that ends in `is ready`; a server names its URL
 * in it. `nodeArguments` come before the file: `--cpu-prof` and the like.
 */
export async function startProgram(
  file: string,
  environment: Readonly<Record<string, string>>,
  nodeArguments: readonly string[] = [],
  programArguments: readonly string[] = [],
): Promise<Program> {
  const child = spawn(process.execPath, [...nodeArguments, path.join(root, file), ...programArguments], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'info', FORMWORK_UNTIL_STDIN_ENDS: '1', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said = await readyLine(child, file);
  let stopping = false;
  child.once('exit', (code, signal) => {
    if (!stopping) process.stderr.write(`${file} ended by itself: ${String(signal ?? code)}\n`);
  });
  return {
    pid: child.pid ?? 0,
    port: Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1] ?? 0),
    stop: () => {
      stopping = true;
      return ended(child);
    },
  };
}

function readyLine(child: ChildProcess, file: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (chunk: Buffer): void => {
      if (process.env['FORMWORK_BENCH_LOG'] !== undefined) process.stderr.write(chunk);
      said = (said + chunk.toString()).slice(-10_000);
      if (said.includes('is ready')) resolve(said);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => {
      reject(new Error(`${file} ended with ${code ?? 'a signal'}: ${said}`));
    });
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await gone;
  clearTimeout(timer);
}

/** A helper process of the bench itself: answers each message with one. */
export interface Assistant {
  ask(message: object): Promise<unknown>;
  stop(): Promise<void>;
}

export function startAssistant(file: string): Assistant {
  const child = fork(path.join(import.meta.dirname, file), { execArgv: fromSource, cwd: root });
  const gone = new AbortController();
  child.once('exit', () => {
    gone.abort();
  });
  return {
    ask: async (message) => {
      child.send(message);
      // A child that ends says nothing more: the time is over then too.
      const answer: readonly unknown[] = await once(child, 'message', {
        signal: AbortSignal.any([gone.signal, AbortSignal.timeout(patienceMs)]),
      });
      return answer[0];
    },
    stop: () => ended(child),
  };
}
