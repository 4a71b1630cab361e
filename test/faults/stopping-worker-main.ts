/**
 * The worker as it is, but it stops itself by SIGSTOP when it has claimed a step and is about to launch it: the one
 * moment that no lease can see. FORMWORK_FAULTS_STOP_IN says before which call (`simulate` or `ensureNode`),
 * FORMWORK_FAULTS_STOP_AT at which of them, FORMWORK_FAULTS_STOP_FILE where it tells of it first.
 */
import { writeFileSync } from 'node:fs';
import { openDatabase, openSecretStore, parseMasterKey } from '@formwork/db';
import { type Provider, providerNamed } from '@formwork/providers';
import {
  createScriptRunner,
  createWorkerExecutors,
  openContentStore,
  openQueues,
  openSecrets,
  openSites,
  openStepContexts,
  siteViewOf,
  startLeaseKeeper,
  startWorker,
  workJob,
} from '@formwork/workflows';
import { z } from 'zod';

const settings = z
  .object({
    DATABASE_URL: z.string(),
    REDIS_URL: z.string().optional(),
    FORMWORK_MASTER_KEY: z.string(),
    FORMWORK_DATA_DIR: z.string(),
    FORMWORK_WORKER_ID: z.string(),
    FORMWORK_FAULTS_STOP_IN: z.enum(['simulate', 'ensureNode']),
    FORMWORK_FAULTS_STOP_AT: z.coerce.number().int().positive(),
    FORMWORK_FAULTS_STOP_FILE: z.string(),
  })
  .parse(process.env);

const say = (fields: Readonly<Record<string, unknown>>, message: string): void => {
  console.log(JSON.stringify({ ...fields, message }));
};
const log = { info: say, warn: say, error: say };
let calls = 0;

/** Nothing runs between the last look at the lease and the launch, but this. */
function stopBefore(call: 'simulate' | 'ensureNode', nodeId: string): void {
  if (call !== settings.FORMWORK_FAULTS_STOP_IN) return;
  calls += 1;
  if (calls !== settings.FORMWORK_FAULTS_STOP_AT) return;
  writeFileSync(settings.FORMWORK_FAULTS_STOP_FILE, nodeId);
  process.kill(process.pid, 'SIGSTOP');
}

function stopping(provider: Provider): Provider {
  return {
    ...provider,
    ensureNode: (request, context) => {
      stopBefore('ensureNode', request.tags.nodeId);
      return provider.ensureNode(request, context);
    },
    simulate: (step, signal) => {
      stopBefore('simulate', step.nodeId);
      if (provider.simulate === undefined) throw new Error('these are simulated nodes');
      return provider.simulate(step, signal);
    },
  };
}

const id = settings.FORMWORK_WORKER_ID;
const databaseUrl = settings.DATABASE_URL;
const db = openDatabase({ url: databaseUrl, log });
const queues = await openQueues({ redisUrl: settings.REDIS_URL ?? null, databaseUrl, jobSchema: workJob, log });
const secrets = openSecrets(
  openSecretStore({ database: db, masterKeys: [parseMasterKey(settings.FORMWORK_MASTER_KEY)] }),
);
const sites = openSites({ db, secrets, log, actor: 'worker:test', dataDirectory: settings.FORMWORK_DATA_DIR });
const content = openContentStore(db);
const siteView = siteViewOf((provider) => providerNamed(provider).descriptor);
const worker = await startWorker({
  id,
  db,
  queues,
  sites,
  log,
  serves: [],
  slots: 16,
  secrets,
  runner: createScriptRunner(),
  executors: createWorkerExecutors({ nowMs: Date.now }),
  provider: async (siteId) => {
    const site = await sites.site(siteId);
    return { ...site, provider: stopping(site.provider) };
  },
  clock: () => ({ nowMs: Date.now(), random: Math.random() }),
  contexts: openStepContexts({ db, content, siteView }),
  leases: startLeaseKeeper({ db, worker: id, log, now: Date.now }),
});
const end = (): void => {
  void worker.close().then(() => process.exit(0));
};
process.once('SIGTERM', end);
process.stdin.once('end', end).resume();
console.log('the worker is ready');
