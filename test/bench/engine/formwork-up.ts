import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';

const root = path.resolve(import.meta.dirname, '../../..');

/** A whole Formwork, as `formwork up` starts it: server, worker and what watches them. */
export interface FormworkUp {
  readonly pid: number;
  call(method: string, route: string, body?: object): Promise<unknown>;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = z.object({ port: z.number() }).parse(server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts the built programs on the given database. Throws with their last words when they do not come up. */
export async function startFormworkUp(options: {
  readonly directory: string;
  readonly databaseUrl: string;
  readonly redisUrl: string | null;
  readonly slots: number;
  readonly env?: Readonly<Record<string, string>>;
}): Promise<FormworkUp> {
  mkdirSync(options.directory, { recursive: true });
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [
      path.join(root, 'apps/cli/dist/main.js'),
      'up',
      '--json',
      '--until-stdin-ends',
      '--data-dir',
      options.directory,
      '--port',
      String(port),
    ],
    {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: process.env['HOME'] ?? '/root',
        XDG_CONFIG_HOME: path.join(options.directory, 'config'),
        LOG_LEVEL: 'warn',
        NODE_ENV: 'production',
        FW_FLAGS: process.env['FW_FLAGS'] ?? '',
        DATABASE_URL: options.databaseUrl,
        ...(options.redisUrl === null ? {} : { REDIS_URL: options.redisUrl }),
        FORMWORK_WORKER_SLOTS: String(options.slots),
        ...options.env,
      },
    },
  );
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors = (errors + data.toString()).slice(-8_000);
  });
  const ended = once(child, 'close');
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = z.object({ event: z.string(), url: z.string().optional() }).parse(JSON.parse(line));
      if (event.event === 'ready') resolve(event.url ?? '');
    });
    void ended.then(() => {
      reject(new Error(`formwork up ended: ${errors}`));
    });
  });
  const config = readFileSync(path.join(options.directory, 'config/formwork/config.yaml'), 'utf8');
  const token = /token:\s*(\S+)/.exec(config)?.[1] ?? '';
  return {
    pid: child.pid ?? 0,
    async call(method, route, body) {
      const response = await fetch(`${url}/api/v1${route}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(600_000),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${route}: ${String(response.status)} ${text.slice(0, 2_000)}`);
      return text === '' ? null : JSON.parse(text);
    },
    async stop() {
      child.stdin.end();
      child.kill('SIGTERM');
      await ended;
    },
  };
}
