import { laneKey, lockKey, type NodeStanding, roleKey, type World, workOf } from '@formwork/core';
import { type Database, type Holding, listWorkers, readHolding, type WorkerRow } from '@formwork/db';
import type { RunView } from './run-view.ts';

/** What is held and who works, as the database says. */
export interface Occupancy {
  readonly holding: Holding;
  readonly workers: readonly WorkerRow[];
}

/** Everything that holds in all deployments. */
export async function readOccupancy(db: Pick<Database, 'query'>): Promise<Occupancy> {
  const [holding, workers] = await Promise.all([readHolding(db), listWorkers(db)]);
  return { holding, workers };
}

/** What admission looks at: what holds, what is locked, who works, which rollouts stand still. */
export function worldOf(
  views: readonly RunView[],
  { holding, workers }: Occupancy,
  served: Map<string, number> = new Map(),
): World {
  const sites = new Map(views.flatMap((view) => [...view.sites.values()].map((site) => [site.name, site] as const)));
  const nodeOf = (id: string): NodeStanding | undefined => {
    for (const view of views) {
      const node = view.nodes.get(id);
      if (node !== undefined) return standingOfNode(node);
    }
    return undefined;
  };
  const world: World = {
    freeSlots: slotsOf([...sites.keys(), 'deployment'], workers),
    pausedDeployments: new Set(views.filter((view) => view.deployment.paused).map((view) => view.deployment.id)),
    node: nodeOf,
    lanes: new Map(),
    locks: new Map(holding.locks.map((lock) => [lockKey(lock), lock.key])),
    roleHolds: new Map(),
    creates: new Map(),
    maxCreates: new Map([...sites.values()].map((site) => [site.name, site.maxCreates])),
    stoppedRollouts: stoppedRollouts(views),
    weights: new Map(views.map((view) => [view.deployment.id, 1 + Math.max(0, view.deployment.priority)])),
    held: new Map(),
    served,
  };
  for (const { row, site } of holding.rows) {
    if (row.nodeId !== null) world.lanes.set(laneKey(row.nodeId, row.lane), row.key);
    add(world.roleHolds, roleKey(row.deploymentId, row.role), 1);
    const slot = site ?? 'deployment';
    if (workOf(row.state)?.phase !== 'waiting') {
      if (world.freeSlots.has(slot)) add(world.freeSlots, slot, -1);
      add(world.held, row.deploymentId, 1);
    }
    if (row.pending?.action === 'create-node') add(world.creates, slot, 1);
  }
  // Formerly active and now failed: it keeps its slot of the role's limit.
  for (const view of views) {
    for (const key of view.progress.failedAgain) {
      const row = view.rows.get(key);
      if (row?.state.state === 'failed') add(world.roleHolds, roleKey(row.deploymentId, row.role), 1);
    }
  }
  return world;
}

/** Free slots by name of a site; a site that no worker serves is absent. */
function slotsOf(names: readonly string[], workers: readonly WorkerRow[]): Map<string, number> {
  const alive = workers.filter((worker) => worker.alive);
  return new Map(
    names.flatMap((name) => {
      const serving = alive.filter((worker) => worker.sites.length === 0 || worker.sites.includes(name));
      return serving.length === 0 ? [] : [[name, serving.reduce((sum, worker) => sum + worker.slots, 0)] as const];
    }),
  );
}

const add = (counts: Map<string, number>, key: string, by: number): void => {
  counts.set(key, (counts.get(key) ?? 0) + by);
};

const standingOfNode = (node: {
  state: string;
  lost: boolean;
  locked: boolean;
  maintenance: boolean;
}): NodeStanding => ({
  reachable: !node.lost && node.state !== 'unreachable',
  locked: node.locked,
  maintenance: node.maintenance,
});

/** Roles whose re-run has failed on more formerly active instances than their groups tolerate (0 by default). */
function stoppedRollouts(views: readonly RunView[]): ReadonlyMap<string, readonly string[]> {
  const stopped = new Map<string, readonly string[]>();
  for (const view of views) {
    const failed = new Map<string, string[]>();
    for (const key of view.progress.failedAgain) {
      const row = view.rows.get(key);
      const work = row === undefined ? null : workOf(row.state);
      if (row?.runId !== view.run.id || work?.phase !== 'failed' || work.retryAtMs !== null) continue;
      if (row.pending?.purpose !== 'apply') continue;
      failed.set(row.role, [...(failed.get(row.role) ?? []), row.key]);
    }
    for (const [role, keys] of failed) {
      if (keys.length > toleranceOf(view, keys)) stopped.set(roleKey(view.deployment.id, role), keys);
    }
  }
  return stopped;
}

function toleranceOf(view: RunView, keys: readonly string[]): number {
  const groups = new Set(keys.flatMap((key) => view.rows.get(key)?.group ?? []));
  return view.spec.groups
    .filter((group) => groups.has(group.name))
    .reduce((sum, group) => sum + tolerated(group.maxFailed, group.count), 0);
}

function tolerated(maxFailed: number | string, count: number): number {
  if (typeof maxFailed === 'number') return maxFailed;
  return Math.floor((count * Number.parseFloat(maxFailed)) / 100);
}
