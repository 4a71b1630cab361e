import { execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';

/** Two network namespaces with a cable between them: a server's (10.99.0.1) and a client's (10.99.0.2). Needs root. */
export interface TftpNetwork {
  readonly server: string;
  readonly client: string;
  /** Prefixes for commands that are to run in one of them. */
  readonly onServer: readonly string[];
  readonly onClient: readonly string[];
  close(): void;
}

export const serverAddress = '10.99.0.1';
const clientAddress = '10.99.0.2';

const ip = (...args: readonly string[]): void => {
  execFileSync('ip', [...args], { timeout: 10_000, stdio: ['ignore', 'ignore', 'pipe'] });
};

export function openTftpNetwork(): TftpNetwork {
  const suffix = randomBytes(3).toString('hex');
  const [server, client] = [`fwtftp-s-${suffix}`, `fwtftp-c-${suffix}`];
  const close = (): void => {
    for (const name of [server, client]) {
      try {
        ip('netns', 'del', name);
      } catch {
        // It was never made.
      }
    }
  };
  try {
    ip('netns', 'add', server);
    ip('netns', 'add', client);
    ip('link', 'add', 'up0', 'netns', server, 'type', 'veth', 'peer', 'name', 'up0', 'netns', client);
    ip('-n', server, 'addr', 'add', `${serverAddress}/24`, 'dev', 'up0');
    ip('-n', client, 'addr', 'add', `${clientAddress}/24`, 'dev', 'up0');
    for (const name of [server, client]) {
      ip('-n', name, 'link', 'set', 'lo', 'up');
      ip('-n', name, 'link', 'set', 'up0', 'up');
    }
  } catch (error) {
    close();
    throw error;
  }
  const within = (name: string): readonly string[] => ['ip', 'netns', 'exec', name];
  return { server, client, onServer: within(server), onClient: within(client), close };
}

/** Starts a command given as one list. */
export function start(command: readonly string[], options: SpawnOptions = {}) {
  const [program = '', ...args] = command;
  return spawn(program, args, options);
}

/** Runs a command to its end, at most so long; answers how it ended. */
export function runToEnd(command: readonly string[], withinMs: number): Promise<{ ok: boolean; output: string }> {
  const child = start(command, { stdio: ['ignore', 'pipe', 'pipe'], timeout: withinMs, killSignal: 'SIGKILL' });
  const pieces: Buffer[] = [];
  child.stdout?.on('data', (piece: Buffer) => pieces.push(piece));
  child.stderr?.on('data', (piece: Buffer) => pieces.push(piece));
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ ok: false, output: error.message }));
    child.on('close', (code) => resolve({ ok: code === 0, output: Buffer.concat(pieces).toString() }));
  });
}
