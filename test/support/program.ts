import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

/** A process of ours to be killed, frozen and thawed. It ends with the test in any case. */
export interface Program {
  readonly pid: number;
  /** SIGKILL, and gone. */
  kill(): Promise<void>;
  /** SIGSTOP. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** SIGTERM; answers the exit code. */
  stop(): Promise<number | null>;
}

/** Starts one of our TypeScript files in a process of its own and waits until it says that it is ready. */
async function startProgram(file: string, environment: Readonly<Record<string, string>>): Promise<Program> {
  const child = spawn(process.execPath, ['--conditions=formwork-source', '--import', 'tsx', path.join(root, file)], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', LOG_LEVEL: 'info', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  const killed = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', killed);
  void ended.then(() => process.off('exit', killed));
  await ready(child, file);
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await ended;
    }
    return child.exitCode;
  };
  return {
    pid: child.pid ?? 0,
    async kill() {
      await end('SIGKILL');
    },
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    stop: () => end('SIGTERM'),
  };
}

/** Both programs log a line that ends in `is ready`. */
function ready(child: ChildProcess, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (chunk: Buffer): void => {
      if (process.env['FORMWORK_TEST_LOG'] !== undefined) process.stdout.write(chunk);
      said = (said + chunk.toString()).slice(-10_000);
      if (said.includes('is ready')) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => {
      reject(new Error(`${file} ended with ${code ?? 'a signal'}: ${said}`));
    });
  });
}

export const startWorkerProgram = (environment: Readonly<Record<string, string>>, id: string): Promise<Program> =>
  startProgram('apps/worker/src/main.ts', { ...environment, FORMWORK_WORKER_ID: id });

export const startSchedulerProgram = (environment: Readonly<Record<string, string>>): Promise<Program> =>
  startProgram('test/support/scheduler-main.ts', environment);
