import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import {
  announceWorker,
  beatMs,
  type Database,
  type EventFeed,
  handOver,
  type Log,
  readSites,
  retireWorker,
  siteTaskQueue,
} from '@formwork/db';
import { z } from 'zod';
import { stepQueue } from '../engine/candidates.ts';
import type { QueueWorker } from '../queue/queue-worker.ts';
import type { Queues } from '../queue/queues.ts';
import { type StepDeps, handleStep } from './handle-step.ts';
import { handleSiteTask } from './handle-site-task.ts';
import type { OpenSites } from './open-sites.ts';

/** What our queues carry: ids only. */
export const workJob = z.union([
  z.object({ nodeRoleId: z.uuid(), dispatch: z.int().nonnegative() }),
  z.object({ siteTaskId: z.uuid(), dispatch: z.int().nonnegative() }),
]);
export type WorkJob = z.infer<typeof workJob>;

export interface WorkerDeps extends Omit<StepDeps, 'worker' | 'newId'> {
  readonly id: string;
  readonly db: Database;
  readonly feed: EventFeed;
  readonly queues: Queues<WorkJob>;
  readonly sites: OpenSites;
  readonly log: Log;
  /** Names of the sites it serves; empty serves all, those to come included. */
  readonly serves: readonly string[];
  /** Steps at once. */
  readonly slots: number;
}

export interface RunningWorker {
  /** Stops taking work, lets running steps go on on their nodes and hands their claims over. */
  close(): Promise<void>;
}

/** Site tasks at once, each site. */
const tasksAtOnce = 4;

/** Takes jobs of the sites it serves, and of the deployments themselves, until it is closed. */
export async function startWorker(deps: WorkerDeps): Promise<RunningWorker> {
  const consumers = new Map<string, QueueWorker>();
  const stepDeps: StepDeps = { ...deps, worker: deps.id, newId: randomUUID };
  let closed = false;
  let following: Promise<void> = Promise.resolve();

  const consumeSteps = (queue: string): void => {
    if (consumers.has(queue)) return;
    consumers.set(
      queue,
      deps.queues.work(queue, deps.slots, async (job) => {
        if ('nodeRoleId' in job) await handleStep(stepDeps, job);
      }),
    );
  };
  const consumeTasks = (siteId: string): void => {
    const queue = siteTaskQueue(siteId);
    if (consumers.has(queue)) return;
    consumers.set(
      queue,
      deps.queues.work(queue, tasksAtOnce, async (job, signal) => {
        if ('siteTaskId' in job) await handleSiteTask({ ...deps, worker: deps.id }, job.siteTaskId, signal);
      }),
    );
  };
  /** Sites come and go while we run. */
  const follow = async (): Promise<void> => {
    const sites = (await readSites(deps.db)).filter(
      (site) => deps.serves.length === 0 || deps.serves.includes(site.name),
    );
    const wanted = new Set([
      'deployment.step',
      ...sites.flatMap((site) => [stepQueue(site.id), siteTaskQueue(site.id)]),
    ]);
    if (closed) return;
    consumeSteps('deployment.step');
    for (const site of sites) {
      consumeSteps(stepQueue(site.id));
      consumeTasks(site.id);
    }
    for (const [queue, consumer] of consumers) {
      if (wanted.has(queue)) continue;
      consumers.delete(queue);
      await consumer.close();
    }
  };
  const followSoon = (): void => {
    following = following.then(follow).catch((error: unknown) => {
      deps.log.warn({ error: String(error) }, 'reading the sites failed; it is tried again with the next beat');
    });
  };
  const announce = async (): Promise<void> => {
    await announceWorker(deps.db, { id: deps.id, host: hostname(), sites: deps.serves, slots: deps.slots });
  };

  await announce();
  await follow();
  const unsubscribe = deps.feed.subscribe((events) => {
    if (events.some((event) => event.kind.startsWith('site.'))) followSoon();
  });
  const timer = setInterval(() => {
    announce().catch((error: unknown) => {
      deps.log.warn({ error: String(error) }, 'announcing this worker failed');
    });
    followSoon();
  }, beatMs);

  return {
    async close() {
      closed = true;
      clearInterval(timer);
      unsubscribe();
      // Leases first: steps let go of their attempts, so the queues have nothing to wait for.
      deps.leases.close();
      await following;
      await Promise.all([...consumers.values()].map((consumer) => consumer.close({ graceMs: 2_000 })));
      await deps.db.transaction((tx) => handOver(tx, deps.id)).catch(() => 0);
      await retireWorker(deps.db, deps.id).catch(() => undefined);
      await deps.sites.close();
    },
  };
}
