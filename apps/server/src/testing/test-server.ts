import { randomBytes, randomUUID } from 'node:crypto';
import path from 'node:path';
import {
  type Database,
  insertToken,
  newToken,
  openDatabase,
  openEventFeed,
  openInventory,
  openSecretStore,
  parseMasterKey,
  tokenScope,
} from '@formwork/db';
import { providerNamed } from '@formwork/providers';
import { openContentStore, openQueues, openSecrets, siteViewOf, workJob } from '@formwork/workflows';
import type { FastifyInstance } from 'fastify';
import { buildApp } from '../app.ts';
import { storeBundledPacks } from '../content/bundled-packs.ts';
import { type Limits, type ServerDeps, usualLimits } from '../deps.ts';

const quiet = { info: () => {}, warn: () => {}, error: () => {} };

export interface TestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Parsed JSON; the text where it is none. */
  readonly body: unknown;
}

export interface TestCall {
  /** `admin` when absent; null sends none. */
  readonly token?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A whole server on a real database, without a worker and without a scheduler. */
export interface TestServer {
  readonly app: FastifyInstance;
  readonly db: Database;
  readonly deps: ServerDeps;
  readonly tokens: Readonly<Record<'admin' | 'operator' | 'viewer', string>>;
  makeToken(role: 'admin' | 'operator' | 'viewer', scope?: object): Promise<string>;
  call(method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string, call?: TestCall): Promise<TestAnswer>;
  close(): Promise<void>;
}

export async function openTestServer(
  url: string,
  options: { readonly limits?: Partial<Limits>; readonly now?: () => Date } = {},
): Promise<TestServer> {
  const db = openDatabase({ url, log: quiet });
  const inventory = openInventory({ url, log: quiet });
  const directory = path.resolve(import.meta.dirname, '../../../../content');
  await storeBundledPacks({ db, directory, newId: randomUUID, log: quiet, mayReplace: true });
  const queues = await openQueues({ redisUrl: null, databaseUrl: url, jobSchema: workJob, log: quiet });
  const feed = await openEventFeed(db, quiet);
  const masterKeys = [parseMasterKey(randomBytes(32).toString('hex'))] as const;
  const secretStore = openSecretStore({ database: db, masterKeys: [masterKeys[0]] });
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
    now: options.now ?? (() => new Date()),
    log: quiet,
    version: 'test',
    migrations: [],
    limits: { ...usualLimits, workerPatienceMs: 50, ...options.limits },
  };
  const app = await buildApp(deps);
  const makeToken: TestServer['makeToken'] = async (role, scope = {}) => {
    const { text, hash } = newToken();
    const token = { id: randomUUID(), name: `${role}-${randomUUID()}`, hash, role, scope: tokenScope.parse(scope) };
    await db.transaction((tx) => insertToken(tx, { ...token, expiresAt: null, actor: 'test' }));
    return text;
  };
  const tokens = {
    admin: await makeToken('admin'),
    operator: await makeToken('operator'),
    viewer: await makeToken('viewer'),
  };
  return {
    app,
    db,
    deps,
    tokens,
    makeToken,
    call: async (method, target, { token = tokens.admin, body, headers = {} } = {}) => {
      const type = typeof body === 'string' ? 'application/yaml' : 'application/json';
      const answer = await app.inject({
        method,
        url: target,
        headers: {
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': type }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      return { status: answer.statusCode, headers: answer.headers, body: parse(answer.body) };
    },
    async close() {
      await app.close();
      await Promise.all([queues.close(), feed.close(), inventory.close()]);
      await db.close();
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
