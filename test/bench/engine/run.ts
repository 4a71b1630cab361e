import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  chooseRunAs,
  type Database,
  type EmbeddedPostgres,
  migrate,
  openDatabase,
  startEmbeddedPostgres,
} from '@formwork/db';
import { quiet } from '../../support/quiet.ts';
import { startTestRedis } from '../../support/redis.ts';
import { storePacks } from '../../support/store-packs.ts';
import { propose } from '../support/deployments.ts';
import { startFormwork } from '../support/formwork.ts';
import { shapeOf, specificationOf, writePack } from './content.ts';
import type { DurationSpan } from './spans.ts';
import { cpuSeconds, type Memory, watchMemory } from './memory.ts';

const root = path.resolve(import.meta.dirname, '../../..');

export interface EngineRun {
  readonly nodes: number;
  readonly roles: number;
  readonly slots: number;
  readonly redis: boolean;
  /** By role name; zero for all when null. */
  readonly spans: Readonly<Record<string, DurationSpan>> | null;
  readonly bootMs: number;
  /** Whether PostgreSQL counts what each statement costs. */
  readonly statements: boolean;
  readonly say: (line: string) => void;
}

/** What one deployment came to, from approval to active; times in milliseconds. */
export interface EngineResult {
  readonly planMs: number;
  readonly wallMs: number;
  readonly nodeRoles: number;
  readonly transitions: number;
  readonly cpuSeconds: Memory;
  readonly memory: { readonly totalMib: number; readonly parts: Memory };
}

/** Makes a whole Formwork, runs one deployment through it, hands the database to `look`, and takes all away again. */
export async function runDeployment<T>(
  request: EngineRun,
  look: (db: Database, simDirectory: string) => Promise<T>,
): Promise<EngineResult & { readonly seen: T }> {
  const directory = mkdtempSync(path.join(tmpdir(), 'formwork-bench-'));
  const startPostgres = (): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({ dataDirectory: path.join(directory, 'postgres'), log: quiet, runAs: chooseRunAs() });
  let postgres = await startPostgres();
  if (request.statements) {
    await countStatements(postgres.url);
    await postgres.stop();
    postgres = await startPostgres();
  }
  const redis = request.redis ? await startTestRedis() : null;
  const db = openDatabase({ url: postgres.url, connections: 2, log: quiet });
  try {
    await migrate(postgres.url, path.join(root, 'prisma/migrations'));
    const shape = shapeOf(request.nodes, request.roles);
    await storePacks(db, [path.join(root, 'content/base'), writePack(directory, shape)]);
    const up = await startFormwork({
      LOG_LEVEL: 'warn',
      NODE_ENV: 'production',
      DATABASE_URL: postgres.url,
      FORMWORK_WORKER_SLOTS: String(request.slots),
      ...(redis === null ? {} : { REDIS_URL: redis.url }),
    });
    const processes = [...up.group.pids(), postgres.pid() ?? 0, ...(redis === null ? [] : [redis.pid()])];
    try {
      const configuration = {
        maxNodes: 100_000,
        bootMs: request.bootMs,
        destroyMs: 0,
        steps: { defaultMs: 0, roles: request.spans ?? {} },
      };
      await up.client.call('createSite', { body: { name: 'bench', provider: 'sim', configuration } });
      // As many as the site takes at once, so that the boots are no limit of their own.
      await db.query('UPDATE sites SET max_creates = $1', [request.nodes]);
      const watch = watchMemory(processes);
      const plannedAtMs = performance.now();
      const specification = JSON.stringify(specificationOf('bench', shape));
      const plan = await propose(up.client, 'bench', specification);
      const planMs = performance.now() - plannedAtMs;
      request.say(`${String(request.nodes)} nodes planned in ${String(Math.round(planMs))} ms`);
      const cpuBefore = cpuSeconds(processes);
      const startedAtMs = performance.now();
      const run = await up.client.call('approvePlan', { params: { name: 'bench', plan: plan.id } });
      const wallMs = await untilRunEnds(db, run.id, startedAtMs, request.say);
      const cpuAfter = cpuSeconds(processes);
      const [counts] = await db.query<{ node_roles: number; transitions: number }>(
        `SELECT (SELECT count(*)::int FROM node_roles WHERE state = 'active') AS node_roles,
           (SELECT count(*)::int FROM events WHERE node_role_id IS NOT NULL) AS transitions`,
      );
      const [site] = await db.query<{ id: string }>('SELECT id FROM sites');
      const seen = await look(db, path.join(up.dataDirectory, 'sim', site?.id ?? ''));
      return {
        planMs,
        wallMs,
        nodeRoles: counts?.node_roles ?? 0,
        transitions: counts?.transitions ?? 0,
        cpuSeconds: Object.fromEntries(
          Object.entries(cpuAfter).map(([kind, seconds]) => [
            kind,
            Number((seconds - (cpuBefore[kind] ?? 0)).toFixed(2)),
          ]),
        ),
        memory: watch.stop(),
        seen,
      };
    } finally {
      await up.stop();
    }
  } finally {
    await db.close();
    await redis?.stop();
    await postgres.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The library is loaded at the start alone. */
async function countStatements(url: string): Promise<void> {
  const db = openDatabase({ url, connections: 1, log: quiet });
  await db.query(`ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'`);
  await db.query('ALTER SYSTEM SET pg_stat_statements.track_planning = on');
  await db.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  await db.close();
}

/** Looks a few times a second, at one row: the bench must not be what it measures. */
async function untilRunEnds(
  db: Database,
  runId: string,
  startedAtMs: number,
  say: (line: string) => void,
): Promise<number> {
  for (let looks = 1; ; looks += 1) {
    const [run] = await db.query<{ state: string; ms: number | null }>(
      `SELECT state, EXTRACT(EPOCH FROM ended_at - started_at)::float8 * 1000 AS ms FROM runs WHERE id = $1`,
      [runId],
    );
    if (run?.state === 'succeeded') return run.ms ?? performance.now() - startedAtMs;
    if (run?.state !== 'running') throw new Error(`the run ended as ${run?.state ?? 'nothing'}`);
    if (looks % 40 === 0) {
      const [count] = await db.query<{ active: number }>(
        `SELECT count(*)::int AS active FROM node_roles WHERE state = 'active'`,
      );
      say(`${String(Math.round((performance.now() - startedAtMs) / 1000))} s: ${String(count?.active)} active`);
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
