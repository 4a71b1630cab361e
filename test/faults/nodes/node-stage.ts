import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { mkdir, writeFile } from 'node:fs/promises';
import { type FullNodeRoleRow, retryNodeRole } from '@formwork/db';
import { startTestDatabase, type TestDatabase } from '../../support/database.ts';
import { type Applied, type House, openHouse } from '../../support/house.ts';
import { addLocalNodes, type LocalNodes } from '../../support/local-nodes.ts';
import { startTestRedis } from '../../support/redis.ts';
import { until } from '../../support/until.ts';
import { type ManagedProcess, manageProcess } from '../cluster/managed-process.ts';
import { programs } from '../cluster/programs.ts';
import { judge as everythingHolds } from '../oracle.ts';
import type { Wanted } from '../oracle/final-state.ts';
import { installWitness } from '../oracle/witness.ts';
import type { Round } from '../scenario.ts';
import { brokenRules, type Entry, readBook } from './book.ts';
import { must, mustEqual } from './expect.ts';
import { type NodeOnHost, nodeOnHost } from './node-on-host.ts';

const witnessPack = path.resolve(import.meta.dirname, '../../fixtures/packs/witness');

/** One deployment, `edge`, on real nodes of a site `here`, and what a scenario does to it. */
export interface NodeStage {
  readonly house: House;
  readonly site: LocalNodes;
  readonly database: TestDatabase;
  /** Has the groups as they are wanted; parameters are shell for the witness roles. */
  apply(groups: readonly Group[], params?: Params): Promise<Applied>;
  /** Waits for the run's end; throws when it is not the wanted one. */
  ends(runId: string, wanted?: string): Promise<void>;
  /** A person's retry of what failed. */
  retry(key: string): Promise<void>;
  node(name: string): Promise<NodeOnHost>;
  nodeRole(key: string): Promise<FullNodeRoleRow>;
  book(name: string): Promise<readonly Entry[]>;
  /** Waits until a step on the node holds under this name. */
  held(node: string, name: string): Promise<void>;
  letGo(node: string, name: string): Promise<void>;
  /** What the newest attempt logged, as it is stored. */
  log(key: string): Promise<string>;
  attempts(key: string): Promise<readonly { readonly state: string; readonly code: string | null }[]>;
  /** A program of ours in a process of its own, ended with the scenario; it is ready when this resolves. */
  start(
    program: 'server' | 'worker',
    name: string,
    environment?: Readonly<Record<string, string>>,
  ): Promise<ManagedProcess>;
  /** Where those leave what they print. */
  readonly outputDirectory: string;
  /** A secret parameter that the witness roles print. */
  readonly canary: string;
}

/** A group of nodes by the slot that says what runs there; one node unless `count` says more. */
export interface Group {
  readonly name: string;
  readonly slot: 'plain' | 'checked' | 'chain';
  readonly count?: number;
  readonly omit?: readonly number[];
  readonly size?: object;
}

/** Shell for the steps of both witness roles; `check` is the checked one's alone. */
export interface Params {
  readonly apply?: string;
  readonly verify?: string;
  readonly check?: string;
}

const rolesOfSlot = {
  plain: ['witness'],
  checked: ['witness-checked'],
  chain: ['witness', 'witness-checked'],
} as const;

/**
 * Gives `work` a house with a site of real nodes, judges what became of it, takes the deployment away and looks for
 * anything left. `network` is a number that no other scenario has.
 */
export async function withNodes(
  round: Round,
  options: {
    readonly network: number;
    readonly durable?: boolean;
    readonly schedules?: boolean;
    /** Destroyed nodes stay in the books: what is left of them is not judged as if it were wanted. */
    readonly replacesNodes?: boolean;
  },
  work: (stage: NodeStage) => Promise<void>,
): Promise<void> {
  const closing: (() => Promise<unknown>)[] = [];
  const failed: unknown[] = [];
  try {
    const database = await startTestDatabase({ durable: options.durable ?? false });
    closing.push(() => database.stop());
    const redis = round.queue === 'redis' ? await startTestRedis() : null;
    if (redis !== null) closing.push(() => redis.stop());
    const house = await openHouse({
      databaseUrl: database.url,
      redisUrl: redis?.url ?? null,
      packs: [witnessPack],
      schedules: options.schedules ?? true,
    });
    closing.push(() => house.close());
    const site = await addLocalNodes(house, { name: 'here', driver: 'nspawn', network: options.network });
    closing.push(async () => mustEqual('left on the host after the sweep', await site.sweep(), []));
    const processes: ManagedProcess[] = [];
    closing.push(
      () => house.stop(),
      () => Promise.all(processes.map((one) => one.kill())),
    );
    await installWitness(house.db);
    const stage = await stageOf({ house, site, database, processes });
    await work(stage);
    await judge(stage, new Map(options.replacesNodes === true ? [] : [['edge', 'active']]));
    await takeAway(stage);
    await judge(stage, new Map([['edge', 'destroyed']]));
  } catch (error) {
    failed.push(error);
  }
  for (const close of closing.reverse()) await close().catch((error: unknown) => failed.push(error));
  // What broke first says most; what was left behind for it follows.
  must(failed.length === 0, failed.map((one) => (one instanceof Error ? one.message : String(one))).join('\n'));
}

async function stageOf({
  house,
  site,
  database,
  processes,
}: Pick<NodeStage, 'house' | 'site' | 'database'> & { readonly processes: ManagedProcess[] }): Promise<NodeStage> {
  const canary = `canary-${randomUUID()}`;
  const outputDirectory = path.join(house.dataDirectory, 'out');
  await mkdir(outputDirectory);
  const node = (name: string): Promise<NodeOnHost> =>
    nodeOnHost(`${house.dataDirectory}/local/${site.siteId}`, site.siteId, name);
  const nodeRole = (key: string): Promise<FullNodeRoleRow> => house.nodeRole('edge', key);
  return {
    house,
    site,
    database,
    node,
    nodeRole,
    apply: (groups, { check, ...params } = {}) => {
      const of = {
        witness: { ...params, canary },
        'witness-checked': { ...params, ...(check === undefined ? {} : { check }), canary },
      };
      const roles = new Set(groups.flatMap(({ slot }) => [...rolesOfSlot[slot]]));
      return house.apply(
        JSON.stringify({
          name: 'edge',
          workflow: 'witness',
          params: Object.fromEntries([...roles].map((role) => [role, of[role]])),
          groups: groups.map(({ slot, ...group }) => ({ count: 1, site: 'here', roles: [slot], ...group })),
        }),
      );
    },
    ends: async (runId, wanted = 'succeeded') => {
      mustEqual('the run', await house.runEnd(runId), wanted);
    },
    async retry(key) {
      const { id } = await nodeRole(key);
      await house.db.transaction((tx) => retryNodeRole(tx, id, 'test'));
    },
    book: async (name) => readBook(await node(name)),
    held: async (name, what) => {
      await until(`${what} runs on ${name}`, async () => {
        const machine = await node(name).catch(() => null); // It may still have to be made.
        return (await machine?.read('var/lib/witness/held'))?.split('\n').includes(what);
      });
    },
    letGo: async (name, what) => writeFile((await node(name)).path(`var/lib/witness/go-${what}`), ''),
    async log(key) {
      const { id, attempt } = await nodeRole(key);
      const chunks = await house.db.query<{ text: string }>(
        `SELECT l.text FROM log_chunks l JOIN attempts a ON a.id = l.attempt_id
         WHERE a.node_role_id = $1 AND a.number = $2 ORDER BY l."offset"`,
        [id, attempt],
      );
      return chunks.map(({ text }) => text).join('');
    },
    async attempts(key) {
      const { id } = await nodeRole(key);
      return house.db.query(
        `SELECT state, error->>'code' AS code FROM attempts WHERE node_role_id = $1 ORDER BY number`,
        [id],
      );
    },
    async start(program, name, environment = {}) {
      const own = program === 'server' ? { FORMWORK_PORT: '0' } : { FORMWORK_WORKER_ID: name };
      const process = manageProcess({
        name,
        args: [programs[program]],
        readyText: `the ${program} is ready`,
        outputDirectory,
        environment: { ...house.environment, ...own, ...environment },
      });
      processes.push(process);
      await process.start();
      return process;
    },
    outputDirectory,
    canary,
  };
}

/** What must hold at rest: the oracle of all scenarios, and every node's book. */
async function judge(stage: NodeStage, wanted: ReadonlyMap<string, Wanted>): Promise<void> {
  const { house, canary, outputDirectory } = stage;
  const evidence = { db: house.db, dataDirectory: house.dataDirectory, outputDirectory, wanted };
  const found = [...(await everythingHolds({ ...evidence, canaries: [{ name: 'canary', value: canary }] }))];
  const known = new Set((await house.db.query<{ id: string }>('SELECT id FROM attempts')).map(({ id }) => id));
  const living = await house.db.query<{ name: string }>(`SELECT name FROM nodes WHERE state <> 'destroyed'`);
  for (const { name } of living) {
    const book = await stage.book(name);
    found.push(...brokenRules(name, book));
    for (const { attempt } of book) if (!known.has(attempt)) found.push(`${name}: nobody knows attempt ${attempt}`);
  }
  must(found.length === 0, found.join('\n'));
}

/** Destroys the deployment as a person would; the site knows of nothing more, and neither does this host. */
async function takeAway({ house, site }: NodeStage): Promise<void> {
  const { runId, deploymentId } = await house.destroy('edge');
  mustEqual('the run that destroys', await house.runEnd(runId), 'succeeded');
  mustEqual('owned after destroying', await house.ask(site.siteId, 'leak-check', { deploymentId }), { found: [] });
  mustEqual('left on the host after destroying', await site.leftovers(), []);
}
