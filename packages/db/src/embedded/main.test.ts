import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';

// Real processes: the point is what happens when one of them is killed.
const main = path.join(import.meta.dirname, 'main.ts');
const nobody = 65_534;
let directory: string;
let started: Instance[] = [];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'formwork-embedded-'));
});
afterEach(async () => {
  for (const instance of started) if (instance.child.exitCode === null) instance.child.kill('SIGTERM');
  await Promise.all(started.map((instance) => instance.ended));
  started = [];
  const orphan = postmasterPid();
  if (orphan !== undefined && isAlive(orphan)) process.kill(orphan, 'SIGQUIT');
  await until(() => orphan === undefined || !isAlive(orphan));
  rmSync(directory, { recursive: true, force: true });
});

interface Instance {
  readonly child: ChildProcess;
  /** The url, or undefined when it ended without one. */
  readonly url: Promise<string | undefined>;
  readonly ended: Promise<number | null>;
  log(): string;
}

function start(options: { asNobody?: boolean; data?: string } = {}): Instance {
  const command = [
    process.execPath,
    '--conditions=formwork-source',
    '--import',
    'tsx',
    main,
    '--data',
    options.data ?? directory,
  ];
  const [program = '', ...args] =
    options.asNobody === true
      ? ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', ...command]
      : command;
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, TSX_DISABLE_CACHE: '1', NODE_OPTIONS: '' },
  });
  let log = '';
  let out = '';
  child.stderr.on('data', (data: Buffer) => {
    log += data.toString();
  });
  const ended = once(child, 'exit').then(() => child.exitCode);
  const url = new Promise<string | undefined>((resolve) => {
    child.stdout.on('data', (data: Buffer) => {
      out += data.toString();
      const match = /"url":"([^"]+)"/.exec(out);
      if (match !== null) resolve(match[1]);
    });
    void ended.then(() => {
      resolve(undefined);
    });
  });
  const instance = { child, url, ended, log: () => log };
  started.push(instance);
  return instance;
}

async function query(url: string | undefined, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}
const answersTo = (url: string | undefined) =>
  query(url, 'SELECT 1').then(
    () => true,
    () => false,
  );

function postmasterPid(): number | undefined {
  const file = path.join(directory, 'cluster', 'postmaster.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined;
}
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
function kill(pid: number | undefined): void {
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
}

it('keeps its data and its address over an orderly stop, and ends when its parent goes', async () => {
  const first = start();
  const url = await first.url;
  await query(url, 'CREATE TABLE kept AS SELECT 7 AS value');
  const pid = postmasterPid() ?? 0;
  first.child.stdin?.end();
  expect(await first.ended).toBe(0);
  expect(isAlive(pid)).toBe(false);

  const second = start();
  expect(await second.url).toBe(url);
  expect(await query(url, 'SELECT value FROM kept')).toEqual([{ value: 7 }]);
  second.child.kill('SIGTERM');
  expect(await second.ended).toBe(0);
});

it('restarts a killed PostgreSQL on the same address with its data', async () => {
  const instance = start();
  const url = await instance.url;
  await query(url, 'CREATE TABLE kept AS SELECT 7 AS value');
  for (let round = 0; round < 2; round += 1) {
    const killed = postmasterPid();
    kill(killed);
    await until(async () => postmasterPid() !== killed && (await answersTo(url)));
    expect(await query(url, 'SELECT value FROM kept')).toEqual([{ value: 7 }]);
  }
});

it('takes over the PostgreSQL of a killed supervisor', async () => {
  const first = start();
  const url = await first.url;
  await query(url, 'CREATE TABLE kept AS SELECT 7 AS value');
  const orphan = postmasterPid() ?? 0;
  first.child.kill('SIGKILL');
  await first.ended;
  expect(isAlive(orphan)).toBe(true);

  const second = start();
  expect(await query(await second.url, 'SELECT value FROM kept')).toEqual([{ value: 7 }]);
  expect(isAlive(orphan)).toBe(false);
});

it('starts after supervisor and PostgreSQL were killed at once', async () => {
  const first = start();
  const url = await first.url;
  await query(url, 'CREATE TABLE kept AS SELECT 7 AS value');
  first.child.kill('SIGKILL');
  kill(postmasterPid());
  await first.ended;
  expect(await query(await start().url, 'SELECT value FROM kept')).toEqual([{ value: 7 }]);
});

it('refuses a second instance, naming the holder and the directory', async () => {
  const first = start();
  const url = await first.url;
  const second = start();
  expect(await second.url).toBeUndefined();
  expect(await second.ended).toBe(1);
  expect(second.log()).toContain('embedded-postgres-locked');
  expect(second.log()).toContain(String(first.child.pid));
  expect(second.log()).toContain(directory);
  expect(await answersTo(url)).toBe(true);
});

it('is not misled by a pid file whose pid is somebody else’s by now', async () => {
  const first = start();
  await first.url;
  first.child.kill('SIGKILL');
  const file = path.join(directory, 'cluster', 'postmaster.pid');
  const text = readFileSync(file, 'utf8');
  kill(postmasterPid());
  await first.ended;
  const stranger = spawn('sleep', ['600'], { stdio: 'ignore' });
  writeFileSync(file, text.replace(/^\d+/, String(stranger.pid)));
  expect(await answersTo(await start().url)).toBe(true);
  expect(stranger.exitCode).toBeNull();
  stranger.kill();
});

it('does a half-finished initdb again', async () => {
  mkdirSync(path.join(directory, 'cluster.new'), { mode: 0o700 });
  writeFileSync(path.join(directory, 'cluster.new', 'PG_VERSION'), '18\n');
  writeFileSync(path.join(directory, 'cluster.password'), 'half');
  expect(await answersTo(await start().url)).toBe(true);
  expect(readdirSync(directory).toSorted()).toEqual(['cluster', 'lock', 'password', 'port']);
});

it('shows its password nowhere but in its own file and on stdout', async () => {
  const instance = start();
  const password = new URL((await instance.url) ?? '').password;
  expect(readFileSync(path.join(directory, 'password'), 'utf8').trim()).toBe(password);
  expect(instance.log()).not.toContain(password);
  const commands = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
      } catch {
        return '';
      }
    });
  expect(commands.filter((command) => command.includes(password))).toEqual([]);
  const open = new pg.Client({ connectionString: (await instance.url)?.replace(password, 'wrong') });
  await expect(open.connect()).rejects.toMatchObject({ code: '28P01' });
});

it('runs as an ordinary user', async () => {
  const data = path.join(directory, 'ordinary');
  mkdirSync(data);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    chmodSync(directory, 0o755);
    chownSync(data, nobody, nobody);
  }
  const instance = start({ data, asNobody: isRoot });
  expect(await answersTo(await instance.url)).toBe(true);
  instance.child.kill('SIGTERM');
  expect(await instance.ended).toBe(0);
});
