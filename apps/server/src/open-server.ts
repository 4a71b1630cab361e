import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import {
  keepMasterKey,
  type MasterKey,
  migrate,
  openDatabase,
  openEventFeed,
  openInventory,
  openSecretStore,
  parseMasterKey,
  pruneIdempotencyKeys,
  readMasterKey,
} from '@formwork/db';
import { providerNamed } from '@formwork/providers';
import {
  openContentStore,
  openQueues,
  openSecrets,
  openOutboxSender,
  siteViewOf,
  startLeader,
  startScheduler,
  startWatch,
  workJob,
} from '@formwork/workflows';
import type { FastifyBaseLogger } from 'fastify';
import { buildApp } from './app.ts';
import { makeFirstToken } from './auth/first-token.ts';
import { storeBundledPacks } from './content/bundled-packs.ts';
import { type ServerDeps, usualLimits } from './deps.ts';
import type { Environment } from './environment.ts';

export interface RunningServer {
  /** `http://127.0.0.1:8468` */
  readonly url: string;
  /** Streams and waits end, requests under way are answered, another server takes the lead. */
  close(): Promise<void>;
}

const sweepMs = 3_600_000;

/** Puts a server together and starts it: database, content, first token, HTTP, and the lead when nobody has it. */
export async function openServer(settings: Environment, log: FastifyBaseLogger): Promise<RunningServer> {
  const url = settings.DATABASE_URL;
  const applied = await migrate(url, settings.FORMWORK_MIGRATIONS_DIR);
  if (applied.length > 0) log.info({ applied }, 'the database was migrated');
  const db = openDatabase({ url, connections: 5, log });
  const inventory = openInventory({ url, log });
  await storeBundledPacks({
    db,
    directory: settings.FORMWORK_CONTENT_DIR,
    newId: randomUUID,
    log,
    mayReplace: settings.NODE_ENV !== 'production',
  });
  const queues = await openQueues({
    redisUrl: settings.REDIS_URL ?? null,
    databaseUrl: url,
    jobSchema: workJob,
    log,
  });
  const feed = await openEventFeed(db, log);
  const secretStore = openSecretStore({ database: db, masterKeys: [masterKeyOf(settings)] });
  const deps: ServerDeps = {
    db,
    inventory,
    feed,
    queues,
    secretStore,
    secrets: openSecrets(secretStore),
    content: openContentStore(db),
    siteView: siteViewOf((provider) => providerNamed(provider).descriptor),
    newId: randomUUID,
    now: () => new Date(),
    log,
    version: '0.1.0',
    migrations: migrationsIn(settings.FORMWORK_MIGRATIONS_DIR),
    limits: usualLimits,
  };
  await makeFirstToken({
    db,
    newId: randomUUID,
    file: settings.FORMWORK_ADMIN_TOKEN_FILE ?? null,
    print: (line) => process.stdout.write(line),
  });
  const tls = tlsOf(settings);
  const instance = settings.FORMWORK_INSTANCE;
  const app = await buildApp(deps, {
    logger: log,
    processMetrics: true,
    ...(tls === null ? {} : { tls }),
    ...(instance === undefined ? {} : { instance }),
  });
  const address = await app.listen({ host: settings.FORMWORK_HOST, port: settings.FORMWORK_PORT });
  if (tls === null && !['127.0.0.1', '::1', 'localhost'].includes(settings.FORMWORK_HOST)) {
    log.warn({ address }, 'tokens travel in plain: give TLS files, or put a proxy with TLS before this server');
  }
  const leader = startLeader({ db, log, lead: () => lead(deps, queues) });
  const sweeper = setInterval(() => {
    pruneIdempotencyKeys(db).catch((error: unknown) => {
      log.warn({ error: String(error) }, 'old idempotency keys could not be swept');
    });
  }, sweepMs);
  return {
    url: address,
    async close() {
      clearInterval(sweeper);
      await Promise.all([app.close(), leader.close()]);
      await Promise.all([queues.close({ graceMs: 1_000 }), feed.close(), inventory.close()]);
      await db.close();
    },
  };
}

/** What one server at a time does. */
function lead(deps: ServerDeps, queues: Parameters<typeof openOutboxSender>[0]['queues']) {
  const { db, log, newId } = deps;
  const scheduler = startScheduler({ ...deps, outbox: openOutboxSender({ db, queues }), now: Date.now });
  const watch = startWatch({ db, planning: deps, newId, log });
  return {
    close: async () => {
      await Promise.all([scheduler.close(), watch.close()]);
    },
  };
}

/** Given by file or text; else one is made and kept in the data directory. */
function masterKeyOf(settings: Environment): MasterKey {
  if (settings.FORMWORK_MASTER_KEY_FILE !== undefined) return readMasterKey(settings.FORMWORK_MASTER_KEY_FILE);
  if (settings.FORMWORK_MASTER_KEY !== undefined) return parseMasterKey(settings.FORMWORK_MASTER_KEY);
  return keepMasterKey(path.join(settings.FORMWORK_DATA_DIR, 'master.key'));
}

function tlsOf(settings: Environment): { readonly cert: string; readonly key: string } | null {
  const { FORMWORK_TLS_CERT_FILE: cert, FORMWORK_TLS_KEY_FILE: key } = settings;
  if (cert === undefined || key === undefined) return null;
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

const migrationsIn = (directory: string): readonly string[] =>
  readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
