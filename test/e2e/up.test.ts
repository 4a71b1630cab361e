/** `formwork up` as it is started by people: who else is on the port, and what becomes of its children without it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { until } from '../support/until.ts';

const cli = path.resolve(import.meta.dirname, '../../apps/cli/dist/main.js');
const eventSchema = z.object({ event: z.string(), name: z.string().optional(), pid: z.int().optional() });

let directory = '';
let started: ChildProcess | null = null;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'formwork-e2e-up-'));
});
afterEach(async () => {
  if (started !== null && started.exitCode === null && started.signalCode === null) {
    started.kill('SIGTERM');
    await once(started, 'exit');
  }
  await rm(directory, { recursive: true, force: true });
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return address === null || typeof address === 'string' ? 0 : address.port;
}

function up(port: number, env: NodeJS.ProcessEnv = {}): ChildProcess {
  const { PATH, HOME } = process.env;
  started = spawn(process.execPath, [cli, 'up', '--json', '--data-dir', directory, '--port', String(port)], {
    env: { PATH, HOME, XDG_CONFIG_HOME: path.join(directory, 'config'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return started;
}

/** Resolves with its exit code and what it said on stderr. */
async function endOf(child: ChildProcess): Promise<{ readonly code: number | null; readonly said: string }> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, said };
}

/** Pids of its children by name, once it says that it is ready. */
async function readyChildren(child: ChildProcess): Promise<ReadonlyMap<string, number>> {
  const pids = new Map<string, number>();
  if (child.stdout === null) throw new Error('its output is not a pipe');
  for await (const line of createInterface({ input: child.stdout })) {
    const { event, name, pid } = eventSchema.parse(JSON.parse(line));
    if (event === 'started' && name !== undefined && pid !== undefined) pids.set(name, pid);
    if (event === 'ready') return pids;
  }
  throw new Error('it ended before it was ready');
}

const argumentsOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8');
  } catch {
    return '';
  }
};

it('refuses a port that another program has, and starts nothing', async () => {
  const foreign = createServer((_, response) => response.end('{}'));
  const port = await listen(foreign);
  const { code, said } = await endOf(up(port));
  foreign.close();
  expect(said).toContain(`port ${String(port)} of 127.0.0.1 is taken`);
  expect(said).toContain('--port');
  expect(code).not.toBe(0);
});

it('refuses TLS files, which are for servers started by themselves', async () => {
  const { code, said } = await endOf(up(1, { FORMWORK_TLS_CERT_FILE: '/c', FORMWORK_TLS_KEY_FILE: '/k' }));
  expect(said).toContain('FORMWORK_TLS_CERT_FILE');
  expect(code).not.toBe(0);
});

it('leaves no server, worker or database running when it is killed', async () => {
  const free = createServer();
  const port = await listen(free);
  await new Promise((resolve) => free.close(resolve));
  const child = up(port);
  const pids = await readyChildren(child);
  expect([...pids.keys()].sort()).toEqual(['database', 'server', 'worker']);
  const postmaster = Number(
    readFileSync(path.join(directory, 'postgres/cluster/postmaster.pid'), 'utf8').split('\n')[0],
  );
  expect(argumentsOf(postmaster)).toContain('postgres');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const left = () =>
    [...pids.entries(), ['postgres', postmaster] as const].filter(([, pid]) => argumentsOf(pid) !== '');
  try {
    await until('server, worker and database are gone', left, (names) => names.length === 0);
  } finally {
    for (const [, pid] of left()) process.kill(pid, 'SIGKILL');
  }
});
