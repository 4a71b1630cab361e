import { workOf } from '@formwork/core';
import {
  type Database,
  type EventRow,
  type FullNodeRoleRow,
  readDeployment,
  readLiveRuns,
  readNodeRolesById,
  readNodes,
  readNodesById,
} from '@formwork/db';
import { loadRunView, refreshRows, type RunView, type RunViewDeps } from './run-view.ts';

/** The live runs in memory, brought up to what the events say. They can be dropped and read again at any time. */
export interface RunViews {
  all(): readonly RunView[];
  /** Notes what an event says has changed; answers whether anything can follow from it. */
  takeIn(event: EventRow): boolean;
  /** Reads what was noted. */
  follow(): Promise<void>;
  /** What is known here under the key of a row. */
  known(row: Pick<FullNodeRoleRow, 'deploymentId' | 'key'>): FullNodeRoleRow | undefined;
  /** Rows that turned out to be newer than what is known here. */
  readAgain(nodeRoleIds: readonly string[]): void;
  /** Rows that the caller has just written or read. */
  refresh(rows: readonly FullNodeRoleRow[]): void;
  drop(view: RunView): void;
  /** Forgets everything: it is read anew. */
  clear(): void;
}

export function createRunViews(deps: RunViewDeps & { readonly db: Database }): RunViews {
  const views = new Map<string, RunView>();
  const changedRows = new Set<string>();
  const changedNodes = new Set<string>();
  const changedDeployments = new Set<string>();
  let reloadRuns = true;

  const refresh = (rows: readonly FullNodeRoleRow[]): void => {
    for (const row of rows) {
      const view = views.get(row.deploymentId);
      if (view !== undefined) refreshRows(view, [row]);
    }
  };

  const followRuns = async (): Promise<void> => {
    reloadRuns = false;
    const runs = await readLiveRuns(deps.db);
    for (const [deploymentId, view] of views) {
      if (!runs.some((run) => run.id === view.run.id)) views.delete(deploymentId);
    }
    for (const run of runs) {
      if (views.get(run.deploymentId)?.run.id === run.id) continue;
      // What changes while it is read is noted, and read again.
      views.set(run.deploymentId, await loadRunView(deps, run));
    }
  };
  const followDeployment = async (deploymentId: string): Promise<void> => {
    const view = views.get(deploymentId);
    if (view === undefined) return;
    const [deployment, nodes] = await Promise.all([
      readDeployment(deps.db, deploymentId),
      readNodes(deps.db, deploymentId),
    ]);
    if (deployment !== null) view.deployment = deployment;
    view.nodes.clear();
    for (const node of nodes) view.nodes.set(node.id, node);
  };

  return {
    all: () => [...views.values()],
    takeIn(event) {
      const { kind, nodeRoleId, nodeId, deploymentId } = event;
      if (nodeRoleId !== null) return takeInRow(event, nodeRoleId);
      if (kind.startsWith('node.')) {
        // A run that is not read yet is read with all its nodes.
        if (nodeId !== null && kind !== 'node.planned') changedNodes.add(nodeId);
      } else if (kind.startsWith('run.') || kind.startsWith('deployment.')) {
        reloadRuns = true;
        if (deploymentId !== null) changedDeployments.add(deploymentId);
      }
      return true;
    },
    async follow() {
      if (reloadRuns) await followRuns();
      const [rows, nodes, deployments] = [[...changedRows], [...changedNodes], [...changedDeployments]];
      for (const noted of [changedRows, changedNodes, changedDeployments]) noted.clear();
      for (const deploymentId of deployments) await followDeployment(deploymentId);
      for (const node of await readNodesById(deps.db, nodes)) {
        const view = views.get(node.deploymentId ?? '');
        if (node.state === 'destroyed') view?.nodes.delete(node.id);
        else view?.nodes.set(node.id, node);
      }
      if (rows.length > 0) refresh(await readNodeRolesById(deps.db, rows));
    },
    known: ({ deploymentId, key }) => views.get(deploymentId)?.rows.get(key),
    readAgain(ids) {
      for (const id of ids) changedRows.add(id);
    },
    refresh,
    drop(view) {
      if (views.get(view.deployment.id) === view) views.delete(view.deployment.id);
      reloadRuns = true;
    },
    clear() {
      views.clear();
      reloadRuns = true;
    },
  };

  function takeInRow(event: EventRow, nodeRoleId: string): boolean {
    const view = views.get(event.deploymentId ?? '');
    const key = event.data['key'];
    const known = view === undefined || typeof key !== 'string' ? undefined : view.rows.get(key);
    const version = Number(event.data['version'] ?? Infinity);
    if (known?.id === nodeRoleId && known.version >= version) return false;
    // A run that is not read yet is read with all its rows.
    if (event.kind === 'node-role.planned' && event.runId !== view?.run.id) return false;
    if (view !== undefined && known?.id === nodeRoleId && known.version + 1 === version) {
      const claimed = afterClaim(known, event);
      if (claimed !== null) {
        refreshRows(view, [claimed]);
        return false;
      }
    }
    changedRows.add(nodeRoleId);
    return true;
  }
}

/** The row after a first claim, told by the event alone: nothing follows from it that a pass could do. */
function afterClaim(row: FullNodeRoleRow, event: EventRow): FullNodeRoleRow | null {
  const work = workOf(row.state);
  const { attempt, attached } = event.data;
  if (event.kind !== 'node-role.claimed' || attached === true || typeof attempt !== 'number') return null;
  if (work?.phase !== 'ready' || !work.queued) return null;
  const state: FullNodeRoleRow['state'] =
    row.state.state === 'removing'
      ? { state: 'removing', work: { phase: 'running', attempt } }
      : { state: 'running', attempt };
  return {
    ...row,
    state,
    attempt,
    version: row.version + 1,
    fence: row.fence + 1,
    tries: row.tries + 1,
    everStarted: true,
    applied: row.applied === null ? null : { ...row.applied, clean: false },
  };
}
