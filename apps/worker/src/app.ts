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
  readonly log: Log;
}

/** Puts a worker together; the parts know nothing of each other but their interfaces. */
export async function openWorker(options: WorkerOptions): Promise<RunningWorker> {
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
    provider: (siteId) => sites.site(siteId),
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
