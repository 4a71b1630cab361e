import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chooseRunAs, type EmbeddedPostgres, type Log, migrate, startEmbeddedPostgres } from '@formwork/db';
import pg from 'pg';

/** A real PostgreSQL for one test file, gone with it. */
export interface TestDatabase {
  /** A database with all migrations applied. */
  readonly url: string;
  /** Another one, fresh, in the same server (some 20 ms). */
  createDatabase(): Promise<string>;
  /** The server: its pid to kill, for tests of outages; it comes back on the same port. */
  readonly postgres: EmbeddedPostgres;
  stop(): Promise<void>;
}

const migrations = path.resolve(import.meta.dirname, '../../prisma/migrations');
const template = 'formwork_template';

/**
 * Starts it; nothing is written to stdout unless something goes wrong. Call `stop` in afterAll. A test that kills the
 * server asks for `durable`: else what was committed last may be lost with it.
 */
export async function startTestDatabase({ durable = false } = {}): Promise<TestDatabase> {
  const dataDirectory = mkdtempSync(path.join(tmpdir(), 'formwork-test-postgres-'));
  const runAs = chooseRunAs();
  const postgres = await startEmbeddedPostgres({
    dataDirectory,
    log: quiet,
    durable,
    runAs: { ...runAs, prefix: [...runAs.prefix, ...endsWithParent()] },
  });
  const admin = async (sql: string): Promise<void> => {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  const urlOf = (name: string): string => {
    const url = new URL(postgres.url);
    url.pathname = `/${name}`;
    return url.href;
  };
  const createDatabase = async (): Promise<string> => {
    const name = `formwork_${randomUUID().replaceAll('-', '')}`;
    await admin(`CREATE DATABASE ${name} TEMPLATE ${template}`);
    return urlOf(name);
  };
  await admin(`CREATE DATABASE ${template}`);
  if (existsSync(migrations)) await migrate(urlOf(template), migrations);
  return {
    url: await createDatabase(),
    createDatabase,
    postgres,
    stop: async () => {
      await postgres.stop();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** A killed test run must not leave servers behind: on Linux the kernel stops them with their parent. */
function endsWithParent(): readonly string[] {
  const prefix = ['setpriv', '--pdeathsig', 'INT'];
  return spawnSync('setpriv', ['--pdeathsig', 'INT', 'true'], { timeout: 5_000 }).status === 0 ? prefix : [];
}

const quiet: Log = { info: () => {}, warn: () => {}, error: () => {} };
