import { openDatabase, openSecretStore, type Log, type MasterKey } from '@formwork/db';
import { providerNamed } from '@formwork/providers';
import {
  createScriptRunner,
  createWorkerExecutors,
  openContentStore,
  openQueues,
  openSecrets,
  openSites,
  openStepContexts,
  type RunningWorker,
  siteViewOf,
  startLeaseKeeper,
  startMetalWorker,
  startWorker,
  workJob,
} from '@formwork/workflows';

export interface WorkerOptions {
  readonly id: string;
  readonly databaseUrl: string;
  readonly redisUrl: string | null;
  readonly masterKey: MasterKey;
  readonly dataDirectory: string;
  readonly serves: readonly string[];
  readonly slots: number;
  readonly roles: readonly ('steps' | 'metal')[];
  /** Who the processes of metal sites become; null: they stay who we are. */
  readonly metalUser: { readonly uid: number; readonly gid: number } | null;
  /** Sockets that a service manager handed to us, by name. */
  readonly sockets: ReadonlyMap<string, number>;
  readonly log: Log;
}

/** Puts a worker together; the parts know nothing of each other but their interfaces. */
export async function openWorker(options: WorkerOptions): Promise<RunningWorker> {
  const steps = options.roles.includes('steps') ? await openStepWorker(options) : null;
  try {
    const metal = options.roles.includes('metal') ? await openMetalWorker(options) : null;
    return {
      async close() {
        await Promise.all([steps?.close(), metal?.close()]);
      },
    };
  } catch (error) {
    await steps?.close();
    throw error;
  }
}

async function openMetalWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { log, id: worker, serves, dataDirectory, metalUser: user, sockets } = options;
  const db = openDatabase({ url: options.databaseUrl, connections: 8, log });
  const secrets = openSecrets(openSecretStore({ database: db, masterKeys: [options.masterKey] }));
  const announces = !options.roles.includes('steps');
  const metal = await startMetalWorker({ db, secrets, log, worker, serves, announces, dataDirectory, user, sockets });
  return {
    async close() {
      await metal.close();
      await db.close();
    },
  };
}

async function openStepWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { log } = options;
  // What its steps read and write goes in batches: few connections serve many steps.
  const db = openDatabase({ url: options.databaseUrl, connections: 5, log });
  const queues = await openQueues({
    redisUrl: options.redisUrl,
    databaseUrl: options.databaseUrl,
    jobSchema: workJob,
    log,
  });
  const secrets = openSecrets(openSecretStore({ database: db, masterKeys: [options.masterKey] }));
  const sites = openSites({
    db,
    secrets,
    log,
    actor: `worker:${options.id}`,
    dataDirectory: options.dataDirectory,
  });
  const runner = createScriptRunner();
  const leases = startLeaseKeeper({ db, worker: options.id, log, now: Date.now });
  const content = openContentStore(db);
  const siteView = siteViewOf((provider) => providerNamed(provider).descriptor);
  const worker = await startWorker({
    id: options.id,
    db,
    queues,
    sites,
    log,
    serves: options.serves,
    slots: options.slots,
    secrets,
    runner,
    executors: createWorkerExecutors({ nowMs: Date.now }),
    provider: (siteId) => sites.recent(siteId),
    clock: () => ({ nowMs: Date.now(), random: Math.random() }),
    contexts: openStepContexts({ db, content, siteView }),
    leases,
  });
  return {
    async close() {
      await worker.close();
      await runner.close();
      await queues.close({ graceMs: 1_000 });
      await db.close();
    },
  };
}
