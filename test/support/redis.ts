import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A real redis-server (Debian's package) of one test file, gone with it. */
export interface TestRedis {
  readonly url: string;
  /** Of the server that runs now. */
  readonly pid: () => number;
  /** SIGKILL; what was appended to its file is there after `restart`. */
  kill(): Promise<void>;
  /** On the same port and data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestRedis(): Promise<TestRedis> {
  const directory = mkdtempSync(path.join(tmpdir(), 'formwork-test-redis-'));
  let port = 0;
  let server: ChildProcess | undefined;
  const start = async (): Promise<boolean> => {
    const child = spawn(
      'redis-server',
      [
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory],
        ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '', '--maxmemory-policy', 'noeviction'],
      ],
      { stdio: 'ignore' },
    );
    const failed = once(child, 'exit').then(() => true);
    server = child;
    while (!(await answers(port))) {
      if (await Promise.race([failed, sleep(20, false)])) return false;
    }
    return child.exitCode === null;
  };
  const kill = async (): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  do port = randomInt(15_000, 32_000);
  while ((await answers(port)) || !(await start()));
  return {
    url: `redis://127.0.0.1:${port}`,
    pid: () => server?.pid ?? 0,
    kill,
    restart: async () => {
      if (!(await start())) throw new Error(`redis-server does not start again on port ${port}`);
    },
    stop: async () => {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Whether something on this port says +PONG. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => {
      settle(false);
    });
    socket.once('error', () => {
      settle(false);
    });
    socket.once('data', (data) => {
      settle(data.toString().startsWith('+PONG'));
    });
    socket.write('PING\r\n');
  });
}
