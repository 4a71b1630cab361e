import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import type { JsonObject } from '@formwork/core';
import { type Database, insertSite, openDatabase } from '@formwork/db';
import { startTestDatabase } from '../../support/database.ts';
import { quiet } from '../../support/quiet.ts';
import { until } from '../../support/until.ts';
import { type Lab, openLab } from '../dhcp/lab.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** A metal worker as a process, in the network of its site. */
export interface MetalWorker {
  readonly pid: number;
  /** What it logged, a line each. */
  readonly lines: readonly string[];
  /** Exit code; null by a signal. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** A metal site in its own network, with a real database that can be taken away. */
export interface BootLab {
  readonly lab: Lab;
  readonly db: Database;
  readonly siteId: string;
  readonly data: string;
  /** What a worker's environment has to be. `data`: its data directory. */
  startWorker(id: string, data?: string): Promise<MetalWorker>;
  /** Takes the worker's way to the database away, or gives it back. */
  cutDatabase(away: boolean): void;
  close(): Promise<void>;
}

export async function openBootLab(subnet: JsonObject): Promise<BootLab> {
  const lab = await openLab();
  const server = await startTestDatabase();
  const db = openDatabase({ url: server.url, log: quiet });
  const siteId = randomUUID();
  const configuration: JsonObject = { subnets: [subnet], boot: { address: '10.77.0.1' } };
  await db.transaction((tx) =>
    insertSite(tx, {
      ...{ id: siteId, name: 'rack', provider: 'metal', configuration },
      ...{ params: {}, credentials: null, maxNodes: null, actor: 'test' },
    }),
  );
  await chmod(lab.directory, 0o711);
  const data = path.join(lab.directory, 'data');
  await fillBootDirectory(data, siteId);
  for (const args of [
    ['link', 'add', 'br0', 'type', 'bridge'],
    ['addr', 'add', '10.77.0.1/24', 'dev', 'br0'],
    ['link', 'set', 'br0', 'up'],
  ]) {
    const { code, text } = await lab.run(lab.server, 'ip', args);
    if (code !== 0) throw new Error(text);
  }
  lab.cable(0, null);
  await lab.run(lab.server, 'ip', ['link', 'set', 's0', 'master', 'br0']);
  const way = await openWay(path.join(lab.directory, '.s.PGSQL.5432'), new URL(server.url));
  const url = new URL(server.url);
  const masterKey = randomBytes(32).toString('hex');
  const environment = {
    ...{ PATH: process.env['PATH'] ?? '', FORMWORK_WORKER_ROLES: 'metal', FORMWORK_MASTER_KEY: masterKey },
    DATABASE_URL: `postgresql://${url.username}:${url.password}@localhost${url.pathname}?host=${lab.directory}`,
  };
  const workers: MetalWorker[] = [];
  return {
    ...{ lab, db, siteId, data },
    startWorker: async (id, directory = data) => {
      const worker = await startWorker(lab, { ...environment, FORMWORK_WORKER_ID: id, FORMWORK_DATA_DIR: directory });
      workers.push(worker);
      return worker;
    },
    cutDatabase: (away) => way.cut(away),
    close: async () => {
      for (const worker of workers) await worker.end('SIGKILL');
      way.close();
      await db.close();
      await server.stop();
      await lab.close();
    },
  };
}

/** A kernel and an initrd that are none: what counts here is that they are fetched. */
export async function fillBootDirectory(data: string, siteId: string): Promise<void> {
  const site = path.join(data, 'metal', siteId);
  await mkdir(path.join(site, 'boot/discovery'), { recursive: true });
  await mkdir(path.join(site, 'images'), { recursive: true });
  for (const directory of [data, path.join(data, 'metal'), site, path.join(site, 'boot/discovery')]) {
    await chmod(directory, 0o755);
  }
  await writeFile(path.join(site, 'boot/discovery/vmlinuz'), 'no kernel');
  await writeFile(path.join(site, 'boot/discovery/initrd'), 'no initrd');
  await writeFile(path.join(site, 'boot/discovery/discovery.json'), '{"arguments":["console=ttyS0"]}');
  await writeFile(path.join(site, 'images/debian-12.raw.zst'), 'an image of thirty-two octets....');
}

async function startWorker(lab: Lab, environment: NodeJS.ProcessEnv): Promise<MetalWorker> {
  const program = [process.execPath, '--conditions=formwork-source', '--import', 'tsx', 'apps/worker/src/main.ts'];
  const child = spawn('ip', ['netns', 'exec', lab.server, ...program], {
    ...{ cwd: root, env: environment, stdio: ['ignore', 'pipe', 'pipe'] },
  });
  const lines: string[] = [];
  let rest = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      const parts = (rest + chunk.toString()).split('\n');
      rest = parts.pop() ?? '';
      lines.push(...parts);
    });
  }
  await until(
    'the worker is ready or ends',
    () => ({ lines: lines.slice(-5), exit: child.exitCode }),
    ({ exit }) => exit !== null || lines.some((line) => line.includes('the worker is ready')),
  );
  return { pid: child.pid ?? 0, lines, end: (signal) => ended(child, signal) };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  await exit;
  return child.exitCode;
}

/** From a Unix socket, which no network namespace hides, to the database. */
async function openWay(
  socket: string,
  to: URL,
): Promise<{ readonly cut: (away: boolean) => void; readonly close: () => void }> {
  const open = new Set<Socket>();
  let away = false;
  const server: Server = createServer((near) => {
    if (away) {
      near.destroy();
      return;
    }
    const far = connect(Number(to.port), to.hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const drop = (): void => {
    for (const each of open) each.destroy();
  };
  return {
    cut: (isAway) => {
      away = isAway;
      if (away) drop();
    },
    close: () => {
      server.close();
      drop();
    },
  };
}
