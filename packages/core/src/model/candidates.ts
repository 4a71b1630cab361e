/** Mirrors packages/workflows/src/engine/candidates.ts and world.ts. */
import { type Candidate, laneKey, roleKey, type World } from '../admission.ts';
import { limitOf } from '../retry.ts';
import { holds, workOf } from '../transition.ts';
import type { Rules } from './rules.ts';
import { isOpen, type RunView } from './run-view.ts';
import type { Row, Store } from './store.ts';

export interface Placed extends Candidate {
  readonly row: Row;
}

export function candidatesOf(rules: Rules, view: RunView): readonly Placed[] {
  return [...view.vertices.values()].flatMap((vertex) => {
    const row = view.rows.get(vertex.nodeRole);
    if (row === undefined || row.runId !== view.run.id) return [];
    const work = workOf(row.state);
    if (work?.phase !== 'ready' || work.queued || !isOpen(rules, view, vertex.key)) return [];
    const role = view.index.roles.get(row.role);
    if (role === undefined) return [];
    const node = row.nodeId === null ? null : (view.nodes.get(row.nodeId) ?? null);
    const founding = row.founder && row.applied === null;
    const { lock, max } = role.limits;
    const instances = [...view.rows.values()].filter((one) => one.role === row.role && one.state.state !== 'removed');
    return [
      {
        id: row.id,
        key: row.key,
        deploymentId: row.deploymentId,
        site: node?.site ?? null,
        nodeId: row.nodeId,
        node: node?.name ?? null,
        lane: row.lane,
        alone: rules.machineGoesLast && role.executor === 'provider' && row.pending?.purpose !== 'apply',
        role: row.role,
        lock:
          founding || lock === null
            ? null
            : {
                name: lock.name,
                scopeKey: lock.scope === 'site' ? `site:${node?.site ?? ''}` : `deployment:${row.deploymentId}`,
              },
        max: founding || !rules.maxHolds ? null : limitOf(max, instances.length),
        rollout:
          row.pending?.purpose === 'apply' &&
          row.applied !== null &&
          row.pending.action === 're-run' &&
          !row.pending.forced,
        creates: role.executor === 'provider' && row.pending?.purpose === 'apply',
        needsNode: node !== null && role.executor === 'script' && row.pending?.purpose !== 'evict',
        remainingMs: view.remainingMs.get(vertex.key) ?? 0,
        since: row.updatedAtMs,
        row,
      },
    ];
  });
}

const slotsOfModel = 6;
const createsOfModel = 2;

export function worldOf(store: Store, rules: Rules, view: RunView): World {
  const sites = ['here', 'there', 'deployment'];
  const world: World = {
    freeSlots: new Map(sites.map((site) => [site, slotsOfModel])),
    pausedDeployments: new Set(view.deployment.paused && rules.stopsHold ? [view.deployment.id] : []),
    node: (id) => {
      const node = view.nodes.get(id);
      if (node === undefined) return undefined;
      return { reachable: !node.lost && node.state !== 'unreachable', locked: false, maintenance: false };
    },
    lanes: new Map(),
    locks: new Map(
      rules.locksHold ? [...store.locks].map(([key, rowId]) => [key, store.rows.get(rowId)?.key ?? '']) : [],
    ),
    roleHolds: new Map(),
    creates: new Map(),
    maxCreates: new Map(sites.map((site) => [site, createsOfModel])),
    stoppedRollouts: stoppedRollouts(view),
    weights: new Map(),
    held: new Map(),
    served: new Map(),
  };
  for (const row of store.rows.values()) {
    if (!holds(row.state)) continue;
    if (row.nodeId !== null && rules.lanesHold) world.lanes.set(laneKey(row.nodeId, row.lane), row.key);
    add(world.roleHolds, roleKey(row.deploymentId, row.role));
    const slot = (row.nodeId === null ? null : store.nodes.get(row.nodeId)?.site) ?? 'deployment';
    if (workOf(row.state)?.phase !== 'waiting') world.freeSlots.set(slot, (world.freeSlots.get(slot) ?? 0) - 1);
    if (row.pending?.action === 'create-node') add(world.creates, slot);
  }
  for (const row of view.rows.values()) {
    const held = holds(store.rows.get(row.id)?.state ?? row.state);
    if (row.state.state === 'failed' && row.applied !== null && !held)
      add(world.roleHolds, roleKey(row.deploymentId, row.role));
  }
  return world;
}

const add = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

/** `maxFailed` is 0 in the model's groups: the first failed re-run of a role stops it. */
function stoppedRollouts(view: RunView): ReadonlyMap<string, readonly string[]> {
  const stopped = new Map<string, readonly string[]>();
  for (const row of view.rows.values()) {
    const work = workOf(row.state);
    if (row.runId !== view.run.id || row.applied === null || work?.phase !== 'failed' || work.retryAtMs !== null)
      continue;
    if (row.pending?.purpose !== 'apply') continue;
    const role = roleKey(row.deploymentId, row.role);
    stopped.set(role, [...(stopped.get(role) ?? []), row.key]);
  }
  return stopped;
}
