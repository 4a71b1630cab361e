import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import {
  announceWorker,
  beginCreates,
  beginDestroys,
  claimNodeRoles,
  type Database,
  finishNodeRoles,
  handOver,
  type Log,
  readSites,
  retireWorker,
  runChannel,
  sendBack,
  siteChannel,
  siteTaskQueue,
} from '@formwork/db';
import { z } from 'zod';
import { stepQueue } from '../engine/candidates.ts';
import type { QueueWorker } from '../queue/queue-worker.ts';
import type { Queues } from '../queue/queues.ts';
import { batched } from './batched.ts';
import { followSites } from './follow-sites.ts';
import { type StepDeps, handleStep } from './handle-step.ts';
import { handleSiteTask } from './handle-site-task.ts';
import type { OpenSites } from './open-sites.ts';
import { createSlots, type Slots } from './slots.ts';
import { keepMachines } from './keep-machines.ts';
import { openSshKeys } from './ssh-keys.ts';

/** What our queues carry: ids only. */
export const workJob = z.union([
  z.object({ steps: z.array(z.object({ nodeRoleId: z.uuid(), dispatch: z.int().nonnegative() })) }),
  z.object({ siteTaskId: z.uuid(), dispatch: z.int().nonnegative() }),
]);
export type WorkJob = z.infer<typeof workJob>;

export interface WorkerDeps extends Omit<StepDeps, 'worker' | 'newId' | 'claim' | 'finish' | 'machines' | 'sshKey'> {
  readonly id: string;
  readonly db: Database;
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
/** Jobs taken from a queue at once. A job is over as soon as its steps have begun. */
const jobsAtOnce = 1;
/** What found no free slot here for so long goes back: another worker may have one, milliseconds. */
const patienceMs = 1_000;
/** What running steps get to let go of their attempts, milliseconds. */
const letGoMs = 4_000;

/** Takes jobs of the sites it serves, and of the deployments themselves, until it is closed. */
export async function startWorker(deps: WorkerDeps): Promise<RunningWorker> {
  const consumers = new Map<string, QueueWorker>();
  const slotsOf = new Map<string, Slots>();
  const stepDeps: StepDeps = {
    ...deps,
    worker: deps.id,
    newId: randomUUID,
    sshKey: openSshKeys(deps.secrets, Date.now),
    claim: batched((requests) => deps.db.transaction((tx) => claimNodeRoles(tx, requests))),
    finish: batched((finishes) => deps.db.transaction((tx) => finishNodeRoles(tx, finishes))),
    machines: {
      beginCreate: batched((requests) => deps.db.transaction((tx) => beginCreates(tx, requests))),
      beginDestroy: batched((requests) => deps.db.transaction((tx) => beginDestroys(tx, requests))),
    },
  };
  let closed = false;

  const consumeSteps = (queue: string): void => {
    if (consumers.has(queue)) return;
    const slots = createSlots(deps.slots, (error) => {
      deps.log.error({ queue, error: String(error) }, 'a step could not be begun; it is put on the queue again');
    });
    slotsOf.set(queue, slots);
    consumers.set(
      queue,
      deps.queues.work(queue, jobsAtOnce, async (job) => {
        if (!('steps' in job)) return;
        for (const [index, step] of job.steps.entries()) {
          // Once a step has begun its claim speaks for it, and the queue may forget it.
          if (await slots.begin(() => handleStep(stepDeps, step), patienceMs)) continue;
          const left = job.steps.slice(index);
          await deps.db.transaction((tx) => sendBack(tx, left));
          // Full: it takes nothing more from the queue until it is not, so that the others get it.
          await slots.room();
          return;
        }
      }),
    );
  };
  const keeper = keepMachines(deps);
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
    const all = await readSites(deps.db);
    deps.sites.tell(all);
    const sites = all.filter((site) => deps.serves.length === 0 || deps.serves.includes(site.name));
    const wanted = new Set([
      'deployment.step',
      ...sites.flatMap((site) => [stepQueue(site.id), siteTaskQueue(site.id)]),
    ]);
    if (closed) return;
    consumeSteps('deployment.step');
    keeper.follow(sites);
    for (const site of sites) {
      consumeSteps(stepQueue(site.id));
      consumeTasks(site.id);
    }
    for (const [queue, consumer] of consumers) {
      if (wanted.has(queue)) continue;
      consumers.delete(queue);
      slotsOf.delete(queue);
      await consumer.close();
    }
  };
  const announce = async (): Promise<void> => {
    await announceWorker(deps.db, { id: deps.id, host: hostname(), sites: deps.serves, slots: deps.slots });
  };

  const followed = await followSites({
    ...{ db: deps.db, log: deps.log, channels: [siteChannel, runChannel], what: 'the sites' },
    ...{ follow, announce },
    hear(channel, payload) {
      if (channel !== runChannel) return false;
      deps.contexts.prepare(payload);
      return true;
    },
  });

  return {
    async close() {
      closed = true;
      await followed.stop();
      // Leases first: steps let go of their attempts, so the queues have nothing to wait for.
      deps.leases.close();
      await followed.settled();
      await keeper.close();
      await Promise.all([
        ...[...slotsOf.values()].map((slots) => slots.close(letGoMs)),
        ...[...consumers.values()].map((consumer) => consumer.close({ graceMs: 2_000 })),
      ]);
      await deps.db.transaction((tx) => handOver(tx, deps.id)).catch(() => 0);
      await retireWorker(deps.db, deps.id).catch(() => undefined);
      await deps.sites.close();
    },
  };
}
