import { type Candidate, limitOf, type RoleDefinition } from '@formwork/core';
import type { FullNodeRoleRow, NodeRow } from '@formwork/db';
import { chooseNode } from './choose-node.ts';
import type { RunView } from './run-view.ts';

/** A candidate, and where its job would go. */
export interface Placed extends Candidate {
  readonly queue: string;
  readonly row: FullNodeRoleRow;
  /** Still blocked: it is released with its start. */
  readonly release: boolean;
}

export const stepQueue = (siteId: string | null): string =>
  siteId === null ? 'deployment.step' : `site.${siteId}.step`;

/** Node-roles of the run that the graph lets run and that have not started, and those that it releases right now. */
export function candidatesOf(view: RunView, released: readonly string[], nowMs: number): readonly Placed[] {
  const placed: Placed[] = [];
  const place = (key: string, release: boolean): void => {
    const row = view.rows.get(key);
    const vertex = view.verticesOf.get(key);
    if (row === undefined || vertex === undefined || row.runId !== view.run.id) return;
    if (!view.schedule.isEligible(vertex.key)) return;
    const candidate = candidateOf(view, vertex.key, row);
    if (candidate !== null) placed.push(release ? { ...candidate, release, since: nowMs } : candidate);
  };
  for (const key of view.progress.startable) place(key, false);
  for (const key of released) place(key, true);
  return placed;
}

/** What this node-role would take if it started now. */
export function candidateOf(view: RunView, vertexKey: string, row: FullNodeRoleRow): Placed | null {
  const role = view.index.roles.get(row.role);
  if (role === undefined) return null;
  const node = row.nodeId === null ? null : (view.nodes.get(row.nodeId) ?? null);
  const runsOn = node === null ? runsOnNode(view, role, row) : null;
  const where = node ?? runsOn;
  const founding = row.founder && row.applied === null;
  const siteId = where?.siteId ?? null;
  return {
    id: row.id,
    key: row.key,
    deploymentId: row.deploymentId,
    site: siteId === null ? null : (view.sites.get(siteId)?.name ?? null),
    nodeId: row.nodeId,
    node: node?.name ?? null,
    lane: row.lane,
    alone: role.executor === 'provider' && row.pending?.purpose !== 'apply',
    role: row.role,
    lock:
      founding || role.limits.lock === null
        ? null
        : { name: role.limits.lock.name, scopeKey: scopeKeyOf(role.limits.lock.scope, row, siteId) },
    max: founding ? null : limitOf(role.limits.max, view.progress.instances.get(row.role) ?? 0),
    rollout:
      row.pending?.purpose === 'apply' &&
      row.applied !== null &&
      row.pending.action === 're-run' &&
      !row.pending.forced,
    creates: role.executor === 'provider' && row.pending?.purpose === 'apply',
    needsNode: node !== null && role.executor === 'script' && row.pending?.purpose !== 'evict',
    remainingMs: view.remainingMs.get(vertexKey) ?? 0,
    since: row.updatedAt.getTime(),
    queue: stepQueue(siteId),
    row,
    release: false,
  };
}

function scopeKeyOf(scope: 'deployment' | 'site' | 'global', row: FullNodeRoleRow, siteId: string | null): string {
  if (scope === 'global') return 'global';
  return scope === 'site' ? `site:${siteId ?? ''}` : `deployment:${row.deploymentId}`;
}

/** Where a script of no node of its own would run; null for executors that need no machine. */
function runsOnNode(view: RunView, role: RoleDefinition, row: FullNodeRoleRow): NodeRow | null {
  const wanted = row.pending?.purpose === 'evict' ? row.role : role.runsOn;
  return wanted === null ? null : chooseNode(row, wanted, view.rows.values(), view.nodes);
}
