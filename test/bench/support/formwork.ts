import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type Client, createClient } from '@formwork/api';
import { z } from 'zod';
import { freePort } from '../../support/free-port.ts';
import { type CpuGroup, openCpuGroup } from './cpu-group.ts';
import { processCpuMs } from './process-cpu.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** CPU milliseconds, user and system, since the start. `database` is PostgreSQL with all its backends. */
export interface FormworkCpu {
  readonly total: number;
  readonly server: number;
  readonly worker: number;
  readonly database: number;
}

/** A whole Formwork as users have it: the built `formwork up` with its embedded database, one server, one worker. */
export interface Formwork {
  readonly client: Client;
  readonly dataDirectory: string;
  readonly group: CpuGroup;
  /** Pids by name: `database`, `server`, `worker`. */
  readonly pids: ReadonlyMap<string, number>;
  readonly cpu: () => FormworkCpu;
  /** Ends everything and removes its data. */
  stop(): Promise<void>;
}

const eventSchema = z.object({
  event: z.string(),
  name: z.string().optional(),
  pid: z.number().optional(),
  url: z.string().optional(),
});

/**
 * `environment` may hold REDIS_URL, FORMWORK_WORKER_SLOTS, LOG_LEVEL, NODE_OPTIONS. With FORMWORK_BENCH_KEEP=1 the data
 * directory stays, for its logs.
 */
export async function startFormwork(environment: Readonly<Record<string, string>> = {}): Promise<Formwork> {
  const dataDirectory = mkdtempSync(path.join(tmpdir(), 'formwork-bench-'));
  const group = openCpuGroup('formwork');
  const port = await freePort();
  const up = [process.execPath, path.join(root, 'apps/cli/dist/main.js'), 'up', '--json', '--until-stdin-ends'];
  const [command = '', ...args]: readonly string[] = [
    ...group.prefix,
    ...up,
    ...['--data-dir', dataDirectory, '--port', String(port)],
  ];
  const child = spawn(command, args, {
    env: {
      PATH: process.env['PATH'] ?? '',
      XDG_CONFIG_HOME: path.join(dataDirectory, 'config'),
      LOG_LEVEL: 'info',
      ...environment,
    },
    // Out of the reach of Ctrl-C: it is ended in order, after its machines.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended;
    await group.close();
    if (process.env['FORMWORK_BENCH_KEEP'] !== '1') rmSync(dataDirectory, { recursive: true, force: true });
  };
  try {
    const { url, pids } = await ready(child);
    const config = readFileSync(path.join(dataDirectory, 'config/formwork/config.yaml'), 'utf8');
    const token = /token:\s*(\S+)/.exec(config)?.[1] ?? null;
    const cpuOf = (name: string): number => processCpuMs(pids.get(name) ?? -1);
    return {
      client: createClient({ baseUrl: url, token, timeoutMs: 300_000 }),
      dataDirectory,
      group,
      pids,
      cpu() {
        const [total, server, worker] = [group.cpuMs(), cpuOf('server'), cpuOf('worker')];
        return { total, server, worker, database: total - server - worker - processCpuMs(child.pid ?? -1) };
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Resolves when `up` says so. */
async function ready(
  child: ChildProcess,
): Promise<{ readonly url: string; readonly pids: ReadonlyMap<string, number> }> {
  const pids = new Map<string, number>();
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-8_000);
  });
  if (child.stdout === null) throw new Error('its output is not a pipe');
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      const { event, name, pid, url } = eventSchema.parse(JSON.parse(line));
      if (event === 'started' && name !== undefined && pid !== undefined) pids.set(name, pid);
      if (event === 'ready' && url !== undefined) resolve({ url, pids });
    });
    lines.on('close', () => {
      reject(new Error(`formwork up ended\n${errors}`));
    });
  });
}
