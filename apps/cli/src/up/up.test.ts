import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { adoptFirstToken } from './admin-token.ts';
import { createBackoff } from './backoff.ts';
import type { ChildEvent } from './child.ts';
import { defaultDataDirectory, ensureMasterKey, prepareDataDirectory } from './data-directory.ts';
import { lockDataDirectory } from './lock.ts';
import { openLogFile } from './log-file.ts';
import { endOrphans, openChildRecord } from './orphans.ts';
import { processStart } from './process-identity.ts';
import { refuseTls, requireFreePort } from './refuse-settings.ts';
import { type Supervised, supervise } from './supervise.ts';

let directory = '';
let supervised: Supervised | null = null;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'formwork-up-'));
});
afterEach(async () => {
  await supervised?.stop();
  supervised = null;
  await rm(directory, { recursive: true });
});

async function listen(listener?: RequestListener): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function freePort(): Promise<number> {
  const { port, close } = await listen();
  await close();
  return port;
}

/** Writes a small program; each appends what happens to it to `trace`. */
function program(name: string, code: string): readonly string[] {
  const file = path.join(directory, `${name}.mjs`);
  const trace = JSON.stringify(path.join(directory, 'trace'));
  writeFileSync(
    file,
    `import { appendFileSync } from 'node:fs';
     import { createServer } from 'node:http';
     const say = (word) => appendFileSync(${trace}, '${name} ' + word + '\\n');
     say('start');
     process.on('SIGTERM', () => { say('stop'); process.exit(0); });
     ${code}`,
  );
  return [file];
}
const trace = () => readFileSync(path.join(directory, 'trace'), 'utf8').trim().split('\n');

const database = `console.log(JSON.stringify({ url: 'postgres://x:secret@h/db' })); setInterval(() => {}, 1000);`;
const serving = `
  console.log('db ' + process.env.DATABASE_URL);
  createServer((_, r) => r.setHeader('formwork-instance', process.env.FORMWORK_INSTANCE).end('{}')).listen(Number(process.env.FORMWORK_PORT), '127.0.0.1');`;
const idle = 'setInterval(() => {}, 1000);';

async function start(server: string, worker: string, events: ChildEvent[] = [], givenPort?: number) {
  const port = givenPort ?? (await freePort());
  return supervise(
    {
      programs: {
        database: program('database', database),
        server: program('server', server),
        worker: program('worker', worker),
      },
      databaseUrl: null,
      env: { PATH: process.env['PATH'], FORMWORK_PORT: String(port) },
      serverUrl: `http://127.0.0.1:${String(port)}`,
      backoff: { firstMs: 10, greatestMs: 100, stableMs: 60_000 },
      openLog: (name) => openLogFile(path.join(directory, 'logs'), name),
      onEvent: (event) => void events.push(event),
      readyWithinMs: 20_000,
    },
    new AbortController().signal,
  );
}

describe('supervise', () => {
  it('starts in order with the database given on, and stops in the reverse order', async () => {
    supervised = await start(serving, idle);
    await vi.waitFor(() => expect(trace()).toContain('worker start'), { timeout: 10_000 });
    expect(trace()).toEqual(['database start', 'server start', 'worker start']);
    const log = () => readFileSync(path.join(directory, 'logs', 'server.log'), 'utf8');
    await vi.waitFor(() => expect(log()).toContain('db postgres://x:secret@h/db'), { timeout: 10_000 });
    expect(readFileSync(path.join(directory, 'logs', 'database.log'), 'utf8')).not.toContain('secret');
    await supervised.stop();
    expect(trace().slice(3)).toEqual(['worker stop', 'server stop', 'database stop']);
  });

  it('starts again what dies', async () => {
    const events: ChildEvent[] = [];
    supervised = await start(serving, `setTimeout(() => process.exit(7), 20);`, events);
    await vi.waitFor(() => expect(trace().filter((line) => line === 'worker start').length).toBeGreaterThan(2), {
      timeout: 10_000,
    });
    const ends = events.filter((event) => event.kind === 'ended');
    expect(ends[0]).toMatchObject({ name: 'worker', how: 'exit code 7', delayMs: 10, quickDeaths: 1 });
    expect(ends[1]).toMatchObject({ delayMs: 20, quickDeaths: 2 });
  });

  it('gives up a start that cannot succeed, with the last lines, and leaves nothing running', async () => {
    const failing = start(`console.error('port in use'); process.exit(1);`, idle);
    await expect(failing).rejects.toMatchObject({ code: 'not-started' });
    await expect(failing).rejects.toThrow('| port in use');
    expect(trace().at(-1)).toBe('database stop');
  });

  it('does not take another server on its port for its own', async () => {
    const foreign = await listen((_, response) => response.setHeader('formwork-instance', 'other').end('{}'));
    try {
      await expect(start(serving, idle, [], foreign.port)).rejects.toThrow('EADDRINUSE');
      expect(trace()).not.toContain('worker start');
    } finally {
      await foreign.close();
    }
  });

  it('kills what does not stop', async () => {
    supervised = await start(
      serving.replace(
        'console.log',
        `process.removeAllListeners('SIGTERM'); process.on('SIGTERM', () => say('deaf')); console.log`,
      ),
      idle,
    );
    await vi.waitFor(() => expect(trace()).toContain('worker start'), { timeout: 10_000 });
    await supervised.stop();
    expect(trace()).toContain('server deaf');
    expect(trace().at(-1)).toBe('database stop');
  });
});

describe('what up refuses', () => {
  it('a port that somebody has, naming it and the way out', async () => {
    const foreign = await listen();
    try {
      const refused = requireFreePort('127.0.0.1', foreign.port);
      await expect(refused).rejects.toMatchObject({ code: 'port-taken' });
      await expect(refused).rejects.toThrow(
        `port ${String(foreign.port)} of 127.0.0.1 is taken by another program; choose one with --port`,
      );
    } finally {
      await foreign.close();
    }
    await requireFreePort('127.0.0.1', foreign.port);
  });

  it("an address that is not this machine's", async () => {
    await expect(requireFreePort('192.0.2.1', 8468)).rejects.toMatchObject({ code: 'cannot-listen' });
  });

  it('TLS, which its children would not know of each other', () => {
    expect(() => {
      refuseTls({ FORMWORK_TLS_CERT_FILE: '/c', FORMWORK_TLS_KEY_FILE: '/k' });
    }).toThrow('unset FORMWORK_TLS_CERT_FILE and FORMWORK_TLS_KEY_FILE and put a proxy');
    refuseTls({});
  });
});

describe('createBackoff', () => {
  it('doubles up to its limit and forgets after a stable life', () => {
    const backoff = createBackoff({ firstMs: 500, greatestMs: 3_000, stableMs: 60_000 });
    const delays = [10, 10, 10, 10, 70_000, 10].map((livedMs) => backoff.next(livedMs).delayMs);
    expect(delays).toEqual([500, 1_000, 2_000, 3_000, 500, 1_000]);
  });
});

describe('the lock', () => {
  it('refuses a second one naming the pid, and is free again after release', () => {
    const lock = lockDataDirectory(directory);
    expect(() => lockDataDirectory(directory)).toThrow(`process ${String(process.pid)}`);
    lock.release();
    lockDataDirectory(directory).release();
  });

  it('takes over what a dead one left', () => {
    writeFileSync(path.join(directory, 'up.lock'), '{"pid":1,"start":"0"}\n');
    lockDataDirectory(directory).release();
  });
});

describe('orphans', () => {
  it('ends a child that outlived its parent, and only by pid and start time', async () => {
    const child = spawn(process.execPath, ['-e', idle], { stdio: 'ignore', detached: true });
    const pid = child.pid ?? 0;
    const gone = new Promise((resolve) => child.once('close', resolve));
    const record = openChildRecord(directory);
    record.set('server', pid, processStart(pid));
    record.set('worker', process.pid, 'of another time');
    expect(await endOrphans(directory, 10_000)).toEqual(['server']);
    await gone;
    expect(processStart(pid)).toBeNull();
  });
});

describe('the data directory', () => {
  it('is where the user wants it, else where such things belong', () => {
    expect(defaultDataDirectory({ FORMWORK_DATA_DIR: '/x' }, true)).toBe('/x');
    expect(defaultDataDirectory({}, true)).toBe('/var/lib/formwork');
    expect(defaultDataDirectory({ HOME: '/home/a' }, false)).toBe('/home/a/.local/share/formwork');
    expect(defaultDataDirectory({ HOME: '/home/a', XDG_DATA_HOME: '/d' }, false)).toBe('/d/formwork');
  });

  it('gets one master key for good, which nobody else may read', () => {
    prepareDataDirectory(directory);
    const file = ensureMasterKey(directory);
    const key = readFileSync(file, 'utf8');
    expect(key).toMatch(/^[0-9a-f]{64}\n$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(ensureMasterKey(directory), 'utf8')).toBe(key);
    chmodSync(file, 0o644);
    expect(() => ensureMasterKey(directory)).toThrow('chmod 600');
  });
});

describe('log files', () => {
  it('stay within their size and know their last lines', () => {
    const log = openLogFile(directory, 'x', 100);
    for (let line = 1; line <= 40; line += 1) log.write(`line ${String(line)}\n`);
    log.write('and no end');
    expect(statSync(log.file).size).toBeLessThanOrEqual(100);
    expect(existsSync(`${log.file}.1`)).toBe(true);
    expect(log.tail()).toHaveLength(21);
    expect(log.tail().slice(-2)).toEqual(['line 40', 'and no end']);
    log.close();
    log.write('late');
  });
});

describe('adoptFirstToken', () => {
  it('moves the token into the context `local` once', async () => {
    const file = path.join(directory, 'admin-token');
    writeFileSync(file, 'fw_first\n');
    const env = { XDG_CONFIG_HOME: directory };
    const configFile = path.join(directory, 'formwork', 'config.yaml');
    expect(await adoptFirstToken(file, 'http://h:1', env)).toEqual({ token: 'fw_first', configFile });
    expect(existsSync(file)).toBe(false);
    expect(readFileSync(configFile, 'utf8')).toContain('current: local');
    expect(await adoptFirstToken(file, 'http://h:1', env)).toBeNull();
  });
});
