import { assertNever, type Reason, refusal, workOf, type World } from '@formwork/core';
import { type Database, readDeployment, readLastRun, type FullNodeRoleRow } from '@formwork/db';
import { candidateOf } from './candidates.ts';
import { loadRunView, type RunView, type RunViewDeps } from './run-view.ts';
import { readOccupancy, worldOf } from './world.ts';

/**
 * Why each node-role of a deployment is not running, computed now from what is stored: empty for what runs, is active
 * or is gone. Any server can answer; the scheduler need not be asked.
 */
export async function explainDeployment(
  deps: RunViewDeps & { readonly db: Database },
  deploymentId: string,
): Promise<ReadonlyMap<string, readonly Reason[]>> {
  const [deployment, run] = await Promise.all([
    readDeployment(deps.db, deploymentId),
    readLastRun(deps.db, deploymentId),
  ]);
  if (deployment === null || run === null) return new Map();
  const view = await loadRunView(deps, run);
  const world = worldOf([view], await readOccupancy(deps.db));
  const reasons = new Map<string, readonly Reason[]>();
  for (const row of view.rows.values()) reasons.set(row.id, reasonsOf(view, world, row));
  return reasons;
}

/** The reasons that a row tells by itself; null when it takes the whole run to know them. */
export function ownReasons(row: Pick<FullNodeRoleRow, 'state' | 'runId' | 'pending'>): readonly Reason[] | null {
  const { state } = row;
  const work = workOf(state);
  if (state.state === 'active' || state.state === 'skipped' || work === null) return [];
  if (work.phase === 'running' || (work.phase === 'ready' && work.queued)) return [];
  if (work.phase === 'waiting') return [{ kind: 'retry-at', atMs: work.untilMs, why: work.why }];
  if (work.phase === 'failed')
    return work.retryAtMs === null ? [] : [{ kind: 'retry-at', atMs: work.retryAtMs, why: work.error.message }];
  return row.runId === null || row.pending === null ? [{ kind: 'not-approved' }] : null;
}

function reasonsOf(view: RunView, world: World, row: FullNodeRoleRow): readonly Reason[] {
  const own = ownReasons(row);
  if (own !== null) return own;
  const vertex = view.verticesOf.get(row.key);
  if (vertex === undefined) return [{ kind: 'not-approved' }];
  if (!view.schedule.isEligible(vertex.key)) return blockedReasons(view, vertex.key);
  const candidate = candidateOf(view, vertex.key, row);
  const refused = candidate === null ? null : refusal(candidate, world);
  // Of a run that is over this is what ended it; all else that holds back would be of today.
  if (view.run.state !== 'running' && refused?.kind !== 'rollout-stopped') return [{ kind: 'not-approved' }];
  return refused === null ? [] : [refused];
}

function blockedReasons(view: RunView, vertexKey: string): readonly Reason[] {
  const { hard, order, failed } = view.schedule.blockers(vertexKey);
  const waits = [...hard, ...order];
  const reasons: Reason[] = [];
  if (failed.length > 0) reasons.push({ kind: 'blocked-by-failed', keys: failed });
  if (waits.length > 0) reasons.push({ kind: 'waiting-for', what: 'node-roles', keys: waits });
  return reasons;
}

/** One plain sentence. */
export function sayReason(reason: Reason): string {
  switch (reason.kind) {
    case 'waiting-for':
      return `waits for ${someOf(reason.keys)}`;
    case 'blocked-by-failed':
      return `cannot go on: ${someOf(reason.keys)} failed`;
    case 'waiting-for-lock':
      return `waits for lock ${reason.lock}${reason.holder === null ? '' : `, held by ${reason.holder}`}`;
    case 'limit':
      return `waits: ${reason.scope} limit of ${reason.name}${reason.max > 0 ? ` (${reason.max} at once)` : ''}`;
    case 'node-unreachable':
      return `node ${reason.node} does not answer`;
    case 'node-locked':
      return `node ${reason.node} is locked by a person`;
    case 'maintenance':
      return `node ${reason.node} is in maintenance`;
    case 'paused':
      return 'the deployment is paused';
    case 'not-approved':
      return 'it has no approved work';
    case 'needs-approval':
      return `goes beyond what was approved: ${reason.why}`;
    case 'rollout-stopped':
      return `the rollout of ${reason.role} stopped because ${someOf(reason.failed)} failed`;
    case 'retry-at':
      return `tries again at ${new Date(reason.atMs).toISOString()}: ${reason.why}`;
    case 'no-worker':
      return `no worker serves ${reason.site}`;
    case 'needs-rehearsal':
      return 'waits for a rehearsal';
    default:
      return assertNever(reason);
  }
}

const shown = 5;
function someOf(keys: readonly string[]): string {
  const more = keys.length - shown;
  return more > 0 ? `${keys.slice(0, shown).join(', ')} and ${more} more` : keys.join(', ');
}
