import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseSpecification } from '@formwork/content';
import { execOverSsh } from '../conformance/ssh.ts';
import { type Checked, type Json, type Reason } from '@formwork/core';
import {
  askSite,
  type Database,
  type EventRow,
  type FullNodeRoleRow,
  type NodeRow,
  openDatabase,
  openEventFeed,
  openSecretStore,
  parseMasterKey,
  readDeploymentByName,
  readEvents,
  readNodeRoles,
  readNodes,
  readRun,
  readSiteTask,
  type SiteTaskKind,
} from '@formwork/db';
import { providerNamed } from '@formwork/providers';
import {
  approve,
  createScriptRunner,
  createWorkerExecutors,
  explainDeployment,
  openContentStore,
  openQueues,
  openSecrets,
  openSites,
  openStepContexts,
  type PlanningDeps,
  type Proposal,
  proposeDeployment,
  proposeDestroy,
  proposeTask,
  type RunningWorker,
  type Scheduler,
  type ScriptRunner,
  openOutboxSender,
  siteViewOf,
  startLeaseKeeper,
  startScheduler,
  startWorker,
  type WorkerDeps,
  workJob,
} from '@formwork/workflows';
import { quiet } from './quiet.ts';
import { storePacks } from './store-packs.ts';
import { until } from './until.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** The pack whose roles do what a test's parameters tell them. */
export const probePack = path.join(root, 'test/fixtures/packs/probe');

export interface HouseOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string | null;
  /** Folders of content packs; the bundled ones are always there. */
  readonly packs?: readonly string[];
  /** False leaves scheduling to another process. */
  readonly schedules?: boolean;
}

export interface WorkerOptions {
  readonly id?: string;
  readonly slots?: number;
  /** Puts something between the worker and the node. */
  readonly runnerOf?: (runner: ScriptRunner) => ScriptRunner;
  /** Puts something between the worker and the providers. */
  readonly providerOf?: (own: WorkerDeps['provider']) => WorkerDeps['provider'];
}

/** What an approved plan came to: `planned` actions over `total` node-roles. */
export interface Applied {
  readonly runId: string;
  readonly deploymentId: string;
  readonly planId: string;
  readonly planned: number;
  readonly total: number;
}

/** A Formwork without HTTP in one process: database, queue, scheduler and as many workers as a test wants. */
export interface House {
  readonly db: Database;
  readonly planning: PlanningDeps;
  readonly dataDirectory: string;
  /** What another process needs to be part of this house. */
  readonly environment: Readonly<Record<string, string>>;
  addSite(name: string, provider: string, configuration: object): Promise<string>;
  configureSite(siteId: string, configuration: object): Promise<void>;
  startWorker(options?: WorkerOptions): Promise<RunningWorker>;
  /** Ends one worker in order: its claims are handed over. */
  stopWorker(id: string): Promise<void>;
  /** Ends the scheduler, as its process would end; another begins with what the database knows. */
  stopScheduler(): Promise<void>;
  startScheduler(): void;
  propose(specification: string): Promise<Checked<Proposal>>;
  /** Plans and approves; throws with all problems when refused. */
  apply(specification: string): Promise<Applied>;
  destroy(name: string): Promise<{ readonly runId: string; readonly deploymentId: string }>;
  /** Plans and approves a task. */
  task(name: string, task: string, params: Readonly<Record<string, Json>>): Promise<{ readonly runId: string }>;
  /** Waits until the run is over; answers its state. */
  runEnd(runId: string): Promise<string>;
  nodeRoles(deployment: string): Promise<readonly FullNodeRoleRow[]>;
  /** One living node-role by its key; throws when there is none. */
  nodeRole(deployment: string, key: string): Promise<FullNodeRoleRow>;
  node(deployment: string, name: string): Promise<NodeRow>;
  /** Why what does not run does not run, by key. */
  reasons(deployment: string): Promise<ReadonlyMap<string, readonly Reason[]>>;
  /** Runs a command on a node, by the deployment's own key. */
  ssh(deployment: string, node: string, command: string): Promise<string>;
  /** Has a worker ask the site, and waits for the answer. */
  ask(siteId: string, kind: SiteTaskKind, params?: Readonly<Record<string, string>>): Promise<Json>;
  /** Events of a deployment's node-roles of one kind since an event id. */
  events(kind: string, after?: number): Promise<readonly EventRow[]>;
  /** Ends scheduler and workers: nothing moves any more, but all can still be read. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export async function openHouse(options: HouseOptions): Promise<House> {
  const dataDirectory = mkdtempSync(path.join(tmpdir(), 'formwork-house-'));
  const db = openDatabase({ url: options.databaseUrl, log: quiet });
  await storePacks(db, [path.join(root, 'content/base'), path.join(root, 'content/etcd'), ...(options.packs ?? [])]);
  const queues = await openQueues({
    redisUrl: options.redisUrl,
    databaseUrl: options.databaseUrl,
    jobSchema: workJob,
    log: quiet,
  });
  const feed = await openEventFeed(db, quiet);
  const masterKey = randomBytes(32).toString('hex');
  const secrets = openSecrets(openSecretStore({ database: db, masterKeys: [parseMasterKey(masterKey)] }));
  const content = openContentStore(db);
  const siteView = siteViewOf((provider) => providerNamed(provider).descriptor);
  const planning: PlanningDeps = { db, secrets, siteView, newId: randomUUID };
  let scheduler: Scheduler | null = null;
  const schedule = (): void => {
    scheduler = startScheduler({
      db,
      feed,
      content,
      siteView,
      outbox: openOutboxSender({ db, queues }),
      newId: randomUUID,
      now: Date.now,
      log: quiet,
    });
  };
  if (options.schedules ?? true) schedule();
  const propose = async (specification: string): Promise<Checked<Proposal>> => {
    const parsed = parseSpecification(specification);
    return parsed.ok ? proposeDeployment(planning, { spec: parsed.value, actor: 'test' }) : parsed;
  };
  const deploymentNamed = async (name: string) => {
    const deployment = await readDeploymentByName(db, name);
    if (deployment === null) throw new Error(`there is no deployment ${name}`);
    return deployment;
  };
  const nodeNamed = async (deployment: string, name: string): Promise<NodeRow> => {
    const nodes = await readNodes(db, (await deploymentNamed(deployment)).id);
    const node = nodes.find((one) => one.name === name);
    if (node === undefined) throw new Error(`there is no node ${name}`);
    return node;
  };
  const workers = new Map<string, RunningWorker>();
  const runner = createScriptRunner();
  const stopWorker = async (id: string): Promise<void> => {
    const worker = workers.get(id);
    workers.delete(id);
    await worker?.close();
  };
  const stop = async (): Promise<void> => {
    await scheduler?.close();
    scheduler = null;
    await Promise.all([...workers.keys()].map(stopWorker));
  };

  return {
    db,
    planning,
    dataDirectory,
    environment: {
      DATABASE_URL: options.databaseUrl,
      ...(options.redisUrl === null ? {} : { REDIS_URL: options.redisUrl }),
      FORMWORK_MASTER_KEY: masterKey,
      FORMWORK_DATA_DIR: dataDirectory,
    },
    async addSite(name, provider, configuration) {
      const id = randomUUID();
      await db.transaction(async (tx) => {
        await tx.query('INSERT INTO sites (id, name, provider, configuration) VALUES ($1, $2, $3, $4)', [
          id,
          name,
          provider,
          JSON.stringify(configuration),
        ]);
        tx.emit({ kind: 'site.created', actor: 'test', data: { name } });
      });
      return id;
    },
    async configureSite(siteId, configuration) {
      await db.query('UPDATE sites SET configuration = $2, version = version + 1 WHERE id = $1', [
        siteId,
        JSON.stringify(configuration),
      ]);
    },
    async startWorker({
      id = randomUUID(),
      slots = 16,
      runnerOf = (own: ScriptRunner) => own,
      providerOf = (own: WorkerDeps['provider']) => own,
    } = {}) {
      const sites = openSites({ db, secrets, log: quiet, actor: `worker:${id}`, dataDirectory });
      const worker = await startWorker({
        id,
        db,
        queues,
        sites,
        log: quiet,
        serves: [],
        slots,
        secrets,
        runner: runnerOf(runner),
        executors: createWorkerExecutors({ nowMs: Date.now }),
        provider: providerOf((siteId) => sites.site(siteId)),
        clock: () => ({ nowMs: Date.now(), random: Math.random() }),
        contexts: openStepContexts({ db, content, siteView }),
        leases: startLeaseKeeper({ db, worker: id, log: quiet, now: Date.now }),
      });
      workers.set(id, worker);
      return worker;
    },
    stopWorker,
    async stopScheduler() {
      await scheduler?.close();
      scheduler = null;
    },
    startScheduler: schedule,
    propose,
    async apply(specification) {
      const proposal = await propose(specification);
      if (!proposal.ok) throw new Error(JSON.stringify(proposal.problems));
      const run = await approve(planning, { planId: proposal.value.planId, actor: 'test', taskParams: null });
      const { planId, plan } = proposal.value;
      return { ...run, planId, planned: plan.actions.length, total: plan.total };
    },
    async destroy(name) {
      const proposal = await proposeDestroy(planning, { name, actor: 'test' });
      if (!proposal.ok) throw new Error(JSON.stringify(proposal.problems));
      return approve(planning, { planId: proposal.value.planId, actor: 'test', taskParams: null });
    },
    async task(name, task, params) {
      const proposal = await proposeTask(planning, { name, task, nodes: null, params, actor: 'test' });
      if (!proposal.ok) throw new Error(JSON.stringify(proposal.problems));
      return approve(planning, { planId: proposal.value.planId, actor: 'test', taskParams: proposal.value.params });
    },
    runEnd: (runId) =>
      until(
        `run ${runId} ends`,
        async () => (await readRun(db, runId).catch(() => null))?.state ?? 'unknown',
        (state) => state !== 'running' && state !== 'unknown',
      ).catch(async (error: unknown) => {
        const stuck = await db.query(
          `SELECT n.key, n.state_data AS state, n.pending, n.attempt, n.dispatch, n.drive_at, d.paused, c.worker, c.lease_until
           FROM node_roles n JOIN deployments d ON d.id = n.deployment_id LEFT JOIN claims c ON c.node_role_id = n.id
           WHERE n.run_id = $1 AND n.state NOT IN ('active', 'removed')`,
          [runId],
        );
        throw new Error(`${String(error)}: ${JSON.stringify(stuck)}`);
      }),
    async nodeRoles(name) {
      const deployment = await readDeploymentByName(db, name);
      return deployment === null ? [] : readNodeRoles(db, deployment.id);
    },
    async nodeRole(name, key) {
      const row = (await readNodeRoles(db, (await deploymentNamed(name)).id)).find((one) => one.key === key);
      if (row === undefined) throw new Error(`there is no node-role ${key}`);
      return row;
    },
    node: nodeNamed,
    async reasons(name) {
      const { id } = await deploymentNamed(name);
      const byId = await explainDeployment({ db, content, siteView }, id);
      return new Map((await readNodeRoles(db, id)).map((row) => [row.key, byId.get(row.id) ?? []]));
    },
    async ssh(name, nodeName, command) {
      const { sshPrivateKey } = await deploymentNamed(name);
      const { host, port, sshUser, hostKey } = await nodeNamed(name, nodeName);
      if (sshPrivateKey === null || host === null || port === null || hostKey === null)
        throw new Error(`${nodeName} cannot be reached yet`);
      const key = await secrets.reveal({ $secret: { ref: sshPrivateKey, version: 1, digest: '' } });
      const machine = {
        host,
        port,
        user: sshUser ?? 'root',
        hostKey,
        hostKeyTrust: 'pinned',
        facts: {},
        providerId: '',
      } as const;
      return execOverSsh(machine, key, command);
    },
    async ask(siteId, kind, params = {}) {
      const id = randomUUID();
      await db.transaction((tx) => askSite(tx, { id, siteId, kind, params, actor: 'test' }));
      const task = await until(
        `the site answers ${kind}`,
        () => readSiteTask(db, id),
        (seen) => seen !== null && seen.state !== 'asked',
      );
      if (task?.state !== 'done') throw new Error(`${kind} failed: ${JSON.stringify(task?.result)}`);
      return task.result;
    },
    events: (kind, after = 0) => readEvents(db, { after, limit: 10_000, kinds: [kind] }),
    stop,
    async close() {
      await stop();
      await runner.close();
      await queues.close({ graceMs: 500 });
      await feed.close();
      await db.close();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
