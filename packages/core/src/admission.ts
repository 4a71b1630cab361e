import type { Reason } from './reason.ts';

/** A node-role that the graph would let run, with what it would take. */
export interface Candidate {
  readonly id: string;
  readonly key: string;
  readonly deploymentId: string;
  readonly site: string | null;
  readonly nodeId: string | null;
  readonly node: string | null;
  readonly lane: string;
  /** Waits until nothing else holds on its node, in whatever lane: it takes the machine itself away. */
  readonly alone: boolean;
  readonly role: string;
  /** Null for first runs of founders, which stand outside lock and max. */
  readonly lock: { readonly name: string; readonly scopeKey: string } | null;
  /** Greatest number of instances of the role that may hold at once in the deployment; null for no limit. */
  readonly max: number | null;
  /** A re-run of an instance that was active before: held back once its rollout has failed. */
  readonly rollout: boolean;
  /** Makes a machine: counts against the site's creates at once. */
  readonly creates: boolean;
  /** Needs its node to answer; making and destroying machines does not. */
  readonly needsNode: boolean;
  /** Longest expected way to the end, milliseconds: greater is sooner. */
  readonly remainingMs: number;
  /** Order of becoming ready: first come, first served at locks. */
  readonly since: number;
}

export interface NodeStanding {
  readonly reachable: boolean;
  readonly locked: boolean;
  readonly maintenance: boolean;
}

/** Everything admission looks at besides the candidates: counters of what holds now. Admission adds to them. */
export interface World {
  /** Free worker slots by site name; deployment-scope work is served by `deployment`. A site absent has no worker. */
  readonly freeSlots: Map<string, number>;
  readonly pausedDeployments: ReadonlySet<string>;
  /** By node id; undefined for a node that no live run knows. */
  readonly node: (id: string) => NodeStanding | undefined;
  /** `nodeId lane` of what holds now. */
  readonly lanes: Map<string, string>;
  /** Holder's key by `name scopeKey`. */
  readonly locks: Map<string, string>;
  /** How many instances hold, or keep their slot as formerly active and now failed, by `deploymentId role`. */
  readonly roleHolds: Map<string, number>;
  readonly creates: Map<string, number>;
  readonly maxCreates: ReadonlyMap<string, number>;
  /** Failed instances by `deploymentId role` where the failures exceed what the rollout tolerates. */
  readonly stoppedRollouts: ReadonlyMap<string, readonly string[]>;
  /** Weight by deployment; 1 where absent. Greater gets more slots. */
  readonly weights: ReadonlyMap<string, number>;
  /** Slots that a deployment has now: the next free one goes to whoever has least for its weight. */
  readonly held: Map<string, number>;
  /** When a deployment was last given a slot, counted in slots given: of equals the one that has waited longest is next. */
  readonly served: Map<string, number>;
}

export const laneKey = (nodeId: string, lane: string): string => `${nodeId} ${lane}`;
export const lockKey = (lock: { readonly name: string; readonly scopeKey: string }): string =>
  `${lock.name} ${lock.scopeKey}`;
export const roleKey = (deploymentId: string, role: string): string => `${deploymentId} ${role}`;
const slotOf = (candidate: Candidate): string => candidate.site ?? 'deployment';

/** Why this candidate may not start now, or null when it may. One place for every rule but the graph's. */
export function refusal(candidate: Candidate, world: World): Reason | null {
  if (world.pausedDeployments.has(candidate.deploymentId)) return { kind: 'paused' };
  const node = candidate.nodeId === null ? undefined : world.node(candidate.nodeId);
  if (node !== undefined && candidate.node !== null) {
    if (node.locked) return { kind: 'node-locked', node: candidate.node };
    if (node.maintenance) return { kind: 'maintenance', node: candidate.node };
    if (candidate.needsNode && !node.reachable) return { kind: 'node-unreachable', node: candidate.node };
  }
  const role = roleKey(candidate.deploymentId, candidate.role);
  const failed = world.stoppedRollouts.get(role);
  if (candidate.rollout && failed !== undefined) return { kind: 'rollout-stopped', role: candidate.role, failed };
  if (candidate.lock !== null) {
    const holder = world.locks.get(lockKey(candidate.lock));
    if (holder !== undefined && holder !== candidate.key) {
      return { kind: 'waiting-for-lock', lock: candidate.lock.name, holder };
    }
  }
  if (candidate.max !== null && (world.roleHolds.get(role) ?? 0) >= candidate.max) {
    return { kind: 'limit', scope: 'role', name: candidate.role, max: candidate.max };
  }
  if (candidate.nodeId !== null) {
    const holder = candidate.alone
      ? holderOnNode(candidate.nodeId, world)
      : world.lanes.get(laneKey(candidate.nodeId, candidate.lane));
    if (holder !== undefined) return { kind: 'waiting-for', what: 'node-roles', keys: [holder] };
  }
  const slot = slotOf(candidate);
  if (candidate.creates && candidate.site !== null) {
    const max = world.maxCreates.get(candidate.site);
    if (max !== undefined && (world.creates.get(candidate.site) ?? 0) >= max) {
      return { kind: 'limit', scope: 'site', name: candidate.site, max };
    }
  }
  const free = world.freeSlots.get(slot);
  if (free === undefined) return { kind: 'no-worker', site: slot };
  if (free <= 0) return { kind: 'limit', scope: 'site', name: `worker slots of ${slot}`, max: 0 };
  return null;
}

function holderOnNode(nodeId: string, world: World): string | undefined {
  for (const [lane, holder] of world.lanes) if (lane.startsWith(laneKey(nodeId, ''))) return holder;
  return undefined;
}

/** What a candidate takes while it holds. */
export function take(candidate: Candidate, world: World): void {
  const role = roleKey(candidate.deploymentId, candidate.role);
  if (candidate.nodeId !== null) world.lanes.set(laneKey(candidate.nodeId, candidate.lane), candidate.key);
  if (candidate.lock !== null) world.locks.set(lockKey(candidate.lock), candidate.key);
  world.roleHolds.set(role, (world.roleHolds.get(role) ?? 0) + 1);
  if (candidate.creates && candidate.site !== null) {
    world.creates.set(candidate.site, (world.creates.get(candidate.site) ?? 0) + 1);
  }
  const slot = slotOf(candidate);
  world.freeSlots.set(slot, (world.freeSlots.get(slot) ?? 0) - 1);
  world.held.set(candidate.deploymentId, (world.held.get(candidate.deploymentId) ?? 0) + 1);
}

/**
 * Takes as many as may start. Each free slot goes to the deployment that has least for its weight, so that however many
 * begin at once all go on at the same pace; within one the longest remaining path comes first, then whoever waits
 * longest. Changes `world` as it goes.
 */
export function admit(candidates: readonly Candidate[], world: World): readonly Candidate[] {
  const byDeployment = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const queue = byDeployment.get(candidate.deploymentId);
    if (queue === undefined) byDeployment.set(candidate.deploymentId, [candidate]);
    else queue.push(candidate);
  }
  const queues = [...byDeployment].map(([deploymentId, queue]) => {
    queue.sort((a, b) => b.remainingMs - a.remainingMs || a.since - b.since || (a.key < b.key ? -1 : 1));
    // A lock is first come, first served whatever the remaining paths say.
    reorderLocks(queue);
    return { deploymentId, queue, at: 0 };
  });
  const admitted: Candidate[] = [];
  let turn = Math.max(0, ...world.served.values());
  for (;;) {
    const next = neediest(queues, world);
    if (next === null) return admitted;
    const candidate = next.queue[next.at];
    next.at += 1;
    if (candidate === undefined || refusal(candidate, world) !== null) continue;
    take(candidate, world);
    admitted.push(candidate);
    turn += 1;
    world.served.set(next.deploymentId, turn);
  }
}

interface DeploymentQueue {
  readonly deploymentId: string;
  readonly queue: readonly Candidate[];
  at: number;
}

/** Of the deployments with candidates left the one whose turn it is. */
function neediest(queues: readonly DeploymentQueue[], world: World): DeploymentQueue | null {
  let best: DeploymentQueue | null = null;
  let bestShare = Infinity;
  let bestServed = Infinity;
  for (const queue of queues) {
    if (queue.at >= queue.queue.length) continue;
    const { deploymentId } = queue;
    const share = (world.held.get(deploymentId) ?? 0) / Math.max(1, world.weights.get(deploymentId) ?? 1);
    const served = world.served.get(deploymentId) ?? 0;
    if (share > bestShare || (share === bestShare && served >= bestServed)) continue;
    best = queue;
    bestShare = share;
    bestServed = served;
  }
  return best;
}

/** Gives the places of a lock's candidates in the queue to the same candidates by age. */
function reorderLocks(queue: Candidate[]): void {
  const places = new Map<string, number[]>();
  queue.forEach((candidate, index) => {
    if (candidate.lock === null) return;
    const key = lockKey(candidate.lock);
    places.set(key, [...(places.get(key) ?? []), index]);
  });
  for (const indexes of places.values()) {
    const byAge = indexes
      .flatMap((index) => queue[index] ?? [])
      .sort((a, b) => a.since - b.since || (a.key < b.key ? -1 : 1));
    indexes.forEach((index, i) => {
      const candidate = byAge[i];
      if (candidate !== undefined) queue[index] = candidate;
    });
  }
}
