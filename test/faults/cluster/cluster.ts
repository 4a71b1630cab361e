import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Client, createClient } from '@formwork/api';
import { type Database, openDatabase } from '@formwork/db';
import { quiet } from '../../support/quiet.ts';
import { startTestRedis, type TestRedis } from '../../support/redis.ts';
import { freePort } from '../../support/free-port.ts';
import { type ManagedProcess, manageProcess } from './managed-process.ts';
import { type PostgresProcess, startPostgresProcess } from './postgres-process.ts';
import { programs } from './programs.ts';
import type { Template } from './template.ts';

/** A whole Formwork of real processes for one round: to be killed, frozen and restarted one by one. */
export interface Cluster {
  readonly directory: string;
  /** Where all processes leave what they print. */
  readonly outputDirectory: string;
  readonly masterKey: string;
  readonly adminToken: string;
  /** The test's own connections, not part of what is tested. */
  readonly db: Database;
  readonly postgres: PostgresProcess;
  /** Null on the Postgres queue backend. */
  readonly redis: TestRedis | null;
  readonly servers: readonly ManagedProcess[];
  readonly workers: readonly ManagedProcess[];
  /** One for each server. */
  readonly clients: readonly Client[];
  /** Another worker; it runs when this resolves. `args` of node, when it is not the product's own program. */
  addWorker(
    name: string,
    options?: { readonly args?: readonly string[]; readonly environment?: Readonly<Record<string, string>> },
  ): Promise<ManagedProcess>;
  /** Ends all processes and removes everything. */
  close(): Promise<void>;
}

export interface ClusterSize {
  readonly servers: number;
  readonly workers: number;
  /** Of each worker. */
  readonly slots?: number;
}

export async function startCluster(
  template: Template,
  queue: 'postgres' | 'redis',
  size: ClusterSize,
): Promise<Cluster> {
  const directory = mkdtempSync(path.join(tmpdir(), 'formwork-faults-'));
  // `cp -a`: the database's files may belong to another user.
  execFileSync('cp', ['-a', `${template.directory}/.`, directory], { timeout: 60_000 });
  const outputDirectory = path.join(directory, 'out');
  rmSync(outputDirectory, { recursive: true, force: true });
  mkdirSync(outputDirectory);
  const postgres = await startPostgresProcess({
    program: programs.database,
    dataDirectory: path.join(directory, 'postgres'),
    outputDirectory,
  });
  const redis = queue === 'redis' ? await startTestRedis() : null;
  const db = openDatabase({ url: postgres.url, log: quiet });
  const environment = {
    DATABASE_URL: postgres.url,
    ...(redis === null ? {} : { REDIS_URL: redis.url }),
    FORMWORK_MASTER_KEY: template.masterKey,
    FORMWORK_DATA_DIR: directory,
    FORMWORK_WORKER_SLOTS: String(size.slots ?? 32),
  };
  const workers: ManagedProcess[] = [];
  const addWorker: Cluster['addWorker'] = async (name, options = {}) => {
    const worker = manageProcess({
      name,
      args: options.args ?? [programs.worker],
      readyText: 'the worker is ready',
      outputDirectory,
      environment: { ...environment, FORMWORK_WORKER_ID: name, ...options.environment },
    });
    workers.push(worker);
    await worker.start();
    return worker;
  };
  const ports = await Promise.all(Array.from({ length: size.servers }, freePort));
  const servers = ports.map((port, index) =>
    manageProcess({
      name: `server-${index + 1}`,
      args: [programs.server],
      readyText: 'the server is ready',
      outputDirectory,
      environment: { ...environment, FORMWORK_PORT: String(port) },
    }),
  );
  const close = async (): Promise<void> => {
    await Promise.all([...servers, ...workers].map((one) => one.kill()));
    await db.close();
    await redis?.stop();
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  const cluster: Cluster = {
    directory,
    outputDirectory,
    masterKey: template.masterKey,
    adminToken: template.adminToken,
    db,
    postgres,
    redis,
    servers,
    workers,
    clients: ports.map((port) =>
      createClient({ baseUrl: `http://127.0.0.1:${port}`, token: template.adminToken, timeoutMs: 20_000 }),
    ),
    addWorker,
    close,
  };
  try {
    const names = Array.from({ length: size.workers }, (_, index) => `worker-${index + 1}`);
    await Promise.all([...servers.map((server) => server.start()), ...names.map((name) => addWorker(name))]);
    return cluster;
  } catch (error) {
    await close();
    throw error;
  }
}
