import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseSpecification } from '@formwork/content';
import {
  type Database,
  type EventRow,
  type FullNodeRoleRow,
  openDatabase,
  openEventFeed,
  openSecretStore,
  parseMasterKey,
  readDeploymentByName,
  readEvents,
  readNodeRoles,
  readRun,
} from '@formwork/db';
import { providerNamed } from '@formwork/providers';
import {
  approve,
  createScriptRunner,
  createWorkerExecutors,
  openContentStore,
  openQueues,
  openSecrets,
  openSites,
  openStepContexts,
  type PlanningDeps,
  proposeDeployment,
  proposeDestroy,
  type RunningWorker,
  sendOutbox,
  siteViewOf,
  startLeaseKeeper,
  startScheduler,
  startWorker,
  workJob,
} from '@formwork/workflows';
import { quiet } from './quiet.ts';
import { storePacks } from './store-packs.ts';

const root = path.resolve(import.meta.dirname, '../..');

export interface HouseOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string | null;
  /** Folders of content packs; the bundled ones are always there. */
  readonly packs?: readonly string[];
}

/** A Formwork without HTTP in one process: database, queue, scheduler and as many workers as a test wants. */
export interface House {
  readonly db: Database;
  readonly planning: PlanningDeps;
  readonly dataDirectory: string;
  addSite(name: string, provider: string, configuration: object): Promise<string>;
  startWorker(options?: { readonly id?: string; readonly slots?: number }): Promise<RunningWorker>;
  /** Plans and approves; throws with all problems when refused. */
  apply(specification: string): Promise<{ readonly runId: string; readonly deploymentId: string; readonly planned: number; readonly total: number }>;
  destroy(name: string): Promise<{ readonly runId: string; readonly deploymentId: string }>;
  /** Waits until the run is over; answers its state. */
  runEnd(runId: string): Promise<string>;
  nodeRoles(deployment: string): Promise<readonly FullNodeRoleRow[]>;
  /** Events of a deployment's node-roles of one kind since an event id. */
  events(kind: string, after?: number): Promise<readonly EventRow[]>;
  close(): Promise<void>;
}

export async function openHouse(options: HouseOptions): Promise<House> {
  const dataDirectory = mkdtempSync(path.join(tmpdir(), 'formwork-house-'));
  const db = openDatabase({ url: options.databaseUrl, log: quiet });
  await storePacks(db, [path.join(root, 'content/base'), path.join(root, 'content/etcd'), ...(options.packs ?? [])]);
  const queues = await openQueues({ redisUrl: options.redisUrl, databaseUrl: options.databaseUrl, jobSchema: workJob, log: quiet });
  const feed = await openEventFeed(db, quiet);
  const secrets = openSecrets(openSecretStore({ database: db, masterKeys: [parseMasterKey(randomBytes(32).toString('hex'))] }));
  const content = openContentStore(db);
  const siteView = siteViewOf((provider) => providerNamed(provider).descriptor);
  const planning: PlanningDeps = { db, secrets, siteView, newId: randomUUID };
  const scheduler = startScheduler({
    db,
    feed,
    content,
    siteView,
    sendOutbox: () => sendOutbox({ db, queues }),
    newId: randomUUID,
    now: Date.now,
    log: quiet,
  });
  const workers: RunningWorker[] = [];
  const runner = createScriptRunner();

  return {
    db,
    planning,
    dataDirectory,
    async addSite(name, provider, configuration) {
      const id = randomUUID();
      await db.transaction(async (tx) => {
        await tx.query('INSERT INTO sites (id, name, provider, configuration) VALUES ($1, $2, $3, $4)', [id, name, provider, JSON.stringify(configuration)]);
        tx.emit({ kind: 'site.created', actor: 'test', data: { name } });
      });
      return id;
    },
    async startWorker({ id = randomUUID(), slots = 16 } = {}) {
      const sites = openSites({ db, secrets, log: quiet, dataDirectory });
      const worker = await startWorker({
        id,
        db,
        feed,
        queues,
        sites,
        log: quiet,
        serves: [],
        slots,
        secrets,
        runner,
        executors: createWorkerExecutors({ nowMs: Date.now }),
        provider: (siteId) => sites.site(siteId),
        clock: () => ({ nowMs: Date.now(), random: Math.random() }),
        contexts: openStepContexts({ db, content, siteView }),
        leases: startLeaseKeeper({ db, worker: id, log: quiet, now: Date.now }),
      });
      workers.push(worker);
      return worker;
    },
    async apply(specification) {
      const parsed = parseSpecification(specification);
      if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
      const proposal = await proposeDeployment(planning, { spec: parsed.value, actor: 'test' });
      if (!proposal.ok) throw new Error(JSON.stringify(proposal.problems));
      const run = await approve(planning, { planId: proposal.value.planId, actor: 'test', taskParams: null });
      return { ...run, planned: proposal.value.plan.actions.length, total: proposal.value.plan.total };
    },
    async destroy(name) {
      const proposal = await proposeDestroy(planning, { name, actor: 'test' });
      if (!proposal.ok) throw new Error(JSON.stringify(proposal.problems));
      return approve(planning, { planId: proposal.value.planId, actor: 'test', taskParams: null });
    },
    async runEnd(runId) {
      for (;;) {
        const run = await readRun(db, runId);
        if (run !== null && run.state !== 'running') return run.state;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async nodeRoles(name) {
      const deployment = await readDeploymentByName(db, name);
      return deployment === null ? [] : readNodeRoles(db, deployment.id);
    },
    events: (kind, after = 0) => readEvents(db, { after, limit: 10_000, kinds: [kind] }),
    async close() {
      await scheduler.close();
      await Promise.all(workers.map((worker) => worker.close()));
      await runner.close();
      await queues.close({ graceMs: 500 });
      await feed.close();
      await db.close();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
