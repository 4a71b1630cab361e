import { admit, type Json, refusal, workOf } from '@formwork/core';
import {
  admitNodeRoles,
  changeNodeRoles,
  type Database,
  type EventFeed,
  type EventRow,
  type Log,
  nextDriveInMs,
  readDeployment,
  readLiveRuns,
  readNodeRolesById,
  readNodes,
  redrive,
  redriveSiteTasks,
} from '@formwork/db';
import { candidatesOf, stepQueue } from './candidates.ts';
import type { ContentStore } from './content-store.ts';
import { finishRun, type LeakCheck } from './finish-run.ts';
import { judge } from './judge.ts';
import { standstill } from './run-end.ts';
import { loadRunView, refreshRows, type RunView, type SiteViewOf } from './run-view.ts';
import { readWorld } from './world.ts';

export interface SchedulerDeps {
  readonly db: Database;
  readonly feed: EventFeed;
  readonly content: ContentStore;
  readonly siteView: SiteViewOf;
  /** Moves the outbox to the queue; throws when the queue does not take it. */
  readonly sendOutbox: () => Promise<void>;
  readonly newId: () => string;
  readonly now: () => number;
  readonly log: Log;
}

/** Longest pause between two passes while a run is live, milliseconds: the backstop behind events and timers. */
const idlePassMs = 1_000;
const actor = 'scheduler';

/**
 * Turns the progress of runs into work, one pass at a time: take in what changed, judge what may go on, admit what may
 * start, drive again what was not heard of, close what is over. It remembers nothing that the database does not know.
 */
export interface Scheduler {
  /** Something changed: a pass follows soon. */
  poke(): void;
  close(): Promise<void>;
}

export function startScheduler(deps: SchedulerDeps): Scheduler {
  const views = new Map<string, RunView>();
  const leakChecks = new Map<string, LeakCheck>();
  const changedRows = new Set<string>();
  let reloadRuns = true;
  let closed = false;
  let timer: NodeJS.Timeout | null = null;
  let passing: Promise<void> | null = null;
  let pokedAgain = false;

  const unsubscribe = deps.feed.subscribe((events) => {
    for (const event of events) takeIn(event);
    poke();
  });

  function takeIn(event: EventRow): void {
    if (event.nodeRoleId !== null) {
      const view = event.deploymentId === null ? undefined : views.get(event.deploymentId);
      const known = view === undefined ? undefined : view.rows.get(textOf(event.data['key']));
      if (
        known === undefined ||
        known.id !== event.nodeRoleId ||
        known.version < Number(event.data['version'] ?? Infinity)
      ) {
        changedRows.add(event.nodeRoleId);
      }
    }
    if (event.kind.startsWith('run.') || event.kind.startsWith('deployment.') || event.kind.startsWith('node.'))
      reloadRuns = true;
  }

  function poke(): void {
    if (closed) return;
    if (passing !== null) {
      pokedAgain = true;
      return;
    }
    if (timer !== null) clearTimeout(timer);
    timer = null;
    passing = pass()
      .catch((error: unknown) => {
        if (closed) return idlePassMs;
        deps.log.error(
          { error: error instanceof Error ? (error.stack ?? error.message) : String(error) },
          'a scheduler pass failed; the next one follows',
        );
        // What is held in memory may be behind: read it again.
        reloadRuns = true;
        views.clear();
        return idlePassMs;
      })
      .then((delayMs) => {
        passing = null;
        if (closed) return;
        if (pokedAgain) {
          pokedAgain = false;
          poke();
        } else timer = setTimeout(poke, delayMs);
      });
  }

  async function pass(): Promise<number> {
    await follow();
    const now = deps.now();
    for (const view of views.values()) await judgeView(view, now);
    const refusedForGood = await admitAll();
    await deps.db.transaction((tx) => redrive(tx, queueOf));
    await deps.db.transaction(redriveSiteTasks);
    await deps.sendOutbox();
    for (const view of [...views.values()]) await closeIfOver(view, refusedForGood);
    return delayUntilNext();
  }

  /** Brings the views up to what the events said. */
  async function follow(): Promise<void> {
    if (reloadRuns) {
      reloadRuns = false;
      const runs = await readLiveRuns(deps.db);
      for (const [deploymentId, view] of views) {
        if (!runs.some((run) => run.id === view.run.id)) views.delete(deploymentId);
      }
      for (const run of runs) {
        const view = views.get(run.deploymentId);
        if (view?.run.id === run.id) await followDeployment(view);
        else views.set(run.deploymentId, await loadRunView(deps, run));
      }
    }
    const ids = [...changedRows];
    changedRows.clear();
    if (ids.length === 0) return;
    const rows = await readNodeRolesById(deps.db, ids);
    for (const view of views.values())
      refreshRows(
        view,
        rows.filter((row) => row.deploymentId === view.deployment.id),
      );
  }

  async function followDeployment(view: RunView): Promise<void> {
    const [deployment, nodes] = await Promise.all([
      readDeployment(deps.db, view.deployment.id),
      readNodes(deps.db, view.deployment.id),
    ]);
    if (deployment !== null) view.deployment = deployment;
    view.nodes.clear();
    for (const node of nodes) view.nodes.set(node.id, node);
  }

  /** Judges until nothing more follows: what is found unchanged opens its children at once. */
  async function judgeView(view: RunView, now: number): Promise<void> {
    for (;;) {
      const changes = judge(view, now);
      if (changes.length === 0) return;
      const results = await deps.db.transaction((tx) => changeNodeRoles(tx, changes));
      const rows = await readNodeRolesById(
        deps.db,
        changes.map((change) => change.nodeRoleId),
      );
      refreshRows(view, rows);
      if (results.every((result) => !result.ok)) return;
    }
  }

  /** Starts what may start; answers those that no free slot will ever help. */
  async function admitAll(): Promise<ReadonlySet<string>> {
    const refusedForGood = new Set<string>();
    const candidates = [...views.values()].flatMap(candidatesOf);
    if (candidates.length === 0) return refusedForGood;
    const world = await readWorld(deps.db, [...views.values()]);
    const byId = new Map(candidates.map((candidate) => [candidate.id, candidate]));
    const admitted = admit(candidates, world).flatMap((candidate) => byId.get(candidate.id) ?? []);
    const started = new Set(admitted.map((candidate) => candidate.id));
    for (const candidate of candidates) {
      if (!started.has(candidate.id) && refusal(candidate, world)?.kind === 'rollout-stopped')
        refusedForGood.add(candidate.id);
    }
    await deps.db.transaction((tx) =>
      admitNodeRoles(
        tx,
        admitted.map((candidate) => ({
          nodeRoleId: candidate.id,
          version: candidate.row.version,
          queue: candidate.queue,
          lock: candidate.lock,
        })),
        actor,
      ),
    );
    const rows = await readNodeRolesById(deps.db, [...started]);
    for (const view of views.values())
      refreshRows(
        view,
        rows.filter((row) => row.deploymentId === view.deployment.id),
      );
    return refusedForGood;
  }

  async function closeIfOver(view: RunView, refusedForGood: ReadonlySet<string>): Promise<void> {
    const end = standstill(view, refusedForGood);
    if (end === null) return;
    const leakCheck = leakChecks.get(view.run.id) ?? { asked: new Map() };
    leakChecks.set(view.run.id, leakCheck);
    const over = await finishRun({ db: deps.db, newId: deps.newId }, view, end, leakCheck);
    if (!over) return;
    leakChecks.delete(view.run.id);
    views.delete(view.deployment.id);
    reloadRuns = true;
  }

  async function delayUntilNext(): Promise<number> {
    if (views.size === 0) return idlePassMs * 5;
    const driveMs = await deps.db.transaction(nextDriveInMs);
    const now = deps.now();
    const retries = [...views.values()].flatMap((view) =>
      [...view.rows.values()].flatMap((row) => {
        const work = workOf(row.state);
        return work?.phase === 'failed' && work.retryAtMs !== null ? [work.retryAtMs - now] : [];
      }),
    );
    return Math.max(5, Math.min(idlePassMs, driveMs ?? idlePassMs, ...retries));
  }

  poke();
  return {
    poke,
    async close() {
      closed = true;
      unsubscribe();
      if (timer !== null) clearTimeout(timer);
      await passing;
    },
  };
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

const queueOf = (row: { readonly siteId: string | null; readonly runsOnSiteId: string | null }): string =>
  stepQueue(row.siteId ?? row.runsOnSiteId);
