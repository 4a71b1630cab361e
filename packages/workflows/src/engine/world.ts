import { laneKey, lockKey, type NodeStanding, roleKey, type World, workOf } from '@formwork/core';
import { type Database, listWorkers, readHolding } from '@formwork/db';
import type { RunView } from './run-view.ts';

/** What admission looks at, read once a pass: what holds, what is locked, who works, which rollouts stand still. */
export async function readWorld(db: Pick<Database, 'query'>, views: readonly RunView[]): Promise<World> {
  const [holding, workers] = await Promise.all([readHolding(db), listWorkers(db)]);
  const siteNames = new Set(views.flatMap((view) => [...view.sites.values()].map((site) => site.name)));
  const alive = workers.filter((worker) => worker.alive);
  const freeSlots = new Map<string, number>();
  for (const slot of [...siteNames, 'deployment']) {
    const serving = alive.filter((worker) => worker.sites.length === 0 || worker.sites.includes(slot));
    if (serving.length > 0)
      freeSlots.set(
        slot,
        serving.reduce((sum, worker) => sum + worker.slots, 0),
      );
  }
  const world: World = {
    freeSlots,
    pausedDeployments: new Set(views.filter((view) => view.deployment.paused).map((view) => view.deployment.id)),
    nodes: new Map(
      views.flatMap((view) => [...view.nodes.values()].map((node) => [node.id, standingOfNode(node)] as const)),
    ),
    lanes: new Map(),
    locks: new Map(holding.locks.map((lock) => [lockKey(lock), lock.key])),
    roleHolds: new Map(),
    creates: new Map(),
    maxCreates: new Map(
      views.flatMap((view) => [...view.sites.values()].map((site) => [site.name, site.maxCreates] as const)),
    ),
    stoppedRollouts: stoppedRollouts(views),
    weights: new Map(views.map((view) => [view.deployment.id, 1 + Math.max(0, view.deployment.priority)])),
  };
  const holding_ = new Set(holding.rows.map((row) => row.id));
  for (const row of holding.rows) {
    if (row.nodeId !== null) world.lanes.set(laneKey(row.nodeId, row.lane), row.key);
    add(world.roleHolds, roleKey(row.deploymentId, row.role));
    const slot = row.site ?? 'deployment';
    if (row.occupiesSlot) freeSlots.set(slot, (freeSlots.get(slot) ?? 0) - 1);
    if (row.pending?.action === 'create-node') add(world.creates, slot);
  }
  // Formerly active and now failed: it keeps its slot of the role's limit.
  for (const view of views) {
    for (const row of view.rows.values()) {
      if (row.state.state === 'failed' && row.applied !== null && !holding_.has(row.id))
        add(world.roleHolds, roleKey(row.deploymentId, row.role));
    }
  }
  return world;
}

const add = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
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
    for (const row of view.rows.values()) {
      const work = workOf(row.state);
      if (row.runId !== view.run.id || row.applied === null || work?.phase !== 'failed' || work.retryAtMs !== null)
        continue;
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
