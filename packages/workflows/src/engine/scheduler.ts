import { admit, refusal } from '@formwork/core';
import {
  type Admitted,
  admitNodeRoles,
  type ChangeResult,
  changeNodeRoles,
  type Database,
  type EventFeed,
  type FullNodeRoleRow,
  type Log,
  nextDriveInMs,
  redrive,
  redriveSiteTasks,
} from '@formwork/db';
import { createArrivals } from './arrivals.ts';
import { candidatesOf, stepQueue } from './candidates.ts';
import type { ContentStore } from './content-store.ts';
import { finishRun, type LeakCheck } from './finish-run.ts';
import { judge } from './judge.ts';
import { createOccupancy } from './occupancy.ts';
import { standstill } from './run-end.ts';
import type { RunView, SiteViewOf } from './run-view.ts';
import { createRunViews } from './run-views.ts';
import { worldOf } from './world.ts';

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
  const runs = createRunViews(deps);
  const occupancy = createOccupancy(deps);
  const leakChecks = new Map<string, LeakCheck>();
  /** When each deployment was last given a slot, for turns over passes. */
  const served = new Map<string, number>();
  let closed = false;
  let timer: NodeJS.Timeout | null = null;
  let gathering: NodeJS.Timeout | null = null;
  let passing: Promise<void> | null = null;
  let pokedAgain = false;
  const arrivals = createArrivals(deps.now);
  /** When the backstop looks next; sooner when something began to wait. */
  let redriveAtMs = 0;
  let someWait = true;
  let toSend = true;

  const unsubscribe = deps.feed.subscribe((events) => {
    let follows = false;
    for (const event of events) {
      if (runs.takeIn(event)) follows = true;
      if (event.kind === 'node-role.pended') someWait = true;
      if (event.nodeRoleId === null) toSend = true;
      if (event.kind.startsWith('run.')) occupancy.forget();
    }
    if (follows) gather();
  });

  /** Events in quick succession are taken in by one pass. */
  function gather(): void {
    arrivals.note();
    const gatherMs = arrivals.gatherMs();
    if (gatherMs === 0 || passing !== null || closed) {
      poke();
      return;
    }
    gathering ??= setTimeout(() => {
      gathering = null;
      poke();
    }, gatherMs);
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
        runs.clear();
        return idlePassMs;
      })
      .then((delayMs) => {
        passing = null;
        if (closed) return;
        const soon = pokedAgain;
        pokedAgain = false;
        timer = setTimeout(poke, soon ? arrivals.gatherMs() : delayMs);
      });
  }

  async function pass(): Promise<number> {
    await runs.follow();
    const now = deps.now();
    for (const view of runs.all()) await judgeView(view, now);
    const refusedForGood = await admitAll();
    await driveAgain();
    if (toSend) {
      toSend = false;
      await deps.sendOutbox();
    }
    for (const view of runs.all()) await closeIfOver(view, refusedForGood);
    return delayUntilNext();
  }

  /** Judges until nothing more follows: what is found unchanged opens its children at once. */
  async function judgeView(view: RunView, now: number): Promise<void> {
    for (;;) {
      const changes = judge(view, now);
      if (changes.length === 0) return;
      const results = await deps.db.transaction((tx) => changeNodeRoles(tx, changes));
      takeResults(
        changes.map((change) => change.nodeRoleId),
        results,
      );
      if (results.every((result) => !result.ok)) return;
    }
  }

  /** What was written is known without reading it; what had moved is read. */
  function takeResults(nodeRoleIds: readonly string[], results: readonly ChangeResult[]): void {
    const rows: FullNodeRoleRow[] = [];
    const moved: string[] = [];
    results.forEach((result, index) => {
      const known = result.row === null ? undefined : runs.known(result.row);
      if (result.ok && known?.id === result.row.id) rows.push({ ...known, ...result.row });
      else moved.push(nodeRoleIds[index] ?? '');
    });
    runs.refresh(rows);
    if (moved.length === 0) return;
    runs.readAgain(moved);
    pokedAgain = true;
  }

  /** Starts what may start; answers those that no free slot will ever help. */
  async function admitAll(): Promise<ReadonlySet<string>> {
    const refusedForGood = new Set<string>();
    const views = runs.all();
    const candidates = views.flatMap(candidatesOf);
    if (candidates.length === 0) return refusedForGood;
    const withLocks = candidates.some((candidate) => candidate.lock !== null);
    const world = worldOf(views, await occupancy.read(views, withLocks), served);
    const byId = new Map(candidates.map((candidate) => [candidate.id, candidate]));
    const admitted = admit(candidates, world).flatMap((candidate) => byId.get(candidate.id) ?? []);
    const started = new Set(admitted.map((candidate) => candidate.id));
    for (const candidate of candidates) {
      if (candidate.rollout && !started.has(candidate.id) && refusal(candidate, world)?.kind === 'rollout-stopped')
        refusedForGood.add(candidate.id);
    }
    if (admitted.length === 0) return refusedForGood;
    const asked = admitted.map(
      (candidate): Admitted => ({
        nodeRoleId: candidate.id,
        version: candidate.row.version,
        queue: candidate.queue,
        lock: candidate.lock,
      }),
    );
    const outcomes = await deps.db.transaction((tx) => admitNodeRoles(tx, asked, actor));
    takeResults(
      outcomes.map((outcome) => outcome.nodeRoleId),
      outcomes.map((outcome) => outcome.result),
    );
    toSend = true;
    return refusedForGood;
  }

  /** Puts on the queue again what was not heard of, when the first of it is due. */
  async function driveAgain(): Promise<void> {
    const now = deps.now();
    if (now >= redriveAtMs) {
      await deps.db.transaction(async (tx) => {
        await redriveSiteTasks(tx);
        await redrive(tx, queueOf);
      });
      toSend = true;
      someWait = true;
    }
    if (!someWait) return;
    someWait = false;
    const driveMs = await deps.db.transaction(nextDriveInMs);
    redriveAtMs = now + Math.max(5, Math.min(idleMs(), driveMs ?? Infinity));
  }

  async function closeIfOver(view: RunView, refusedForGood: ReadonlySet<string>): Promise<void> {
    const end = standstill(view, refusedForGood);
    if (end === null) return;
    const leakCheck = leakChecks.get(view.run.id) ?? { asked: new Map() };
    leakChecks.set(view.run.id, leakCheck);
    const ending = await finishRun({ db: deps.db, newId: deps.newId }, view, end, leakCheck);
    if (ending === 'moved') {
      runs.readAgain([...view.rows.values()].map((row) => row.id));
      pokedAgain = true;
    }
    if (ending !== 'over') return;
    leakChecks.delete(view.run.id);
    served.delete(view.deployment.id);
    runs.drop(view);
  }

  function delayUntilNext(): number {
    const now = deps.now();
    let delayMs = redriveAtMs - now;
    for (const view of runs.all())
      for (const atMs of view.progress.retryAtMs.values()) delayMs = Math.min(delayMs, atMs - now);
    return Math.max(5, Math.min(idleMs(), delayMs));
  }

  /** Without a live run only what is left of ended ones is to be looked after. */
  const idleMs = (): number => (runs.all().length === 0 ? 5 * idlePassMs : idlePassMs);

  poke();
  return {
    poke,
    async close() {
      closed = true;
      unsubscribe();
      if (timer !== null) clearTimeout(timer);
      if (gathering !== null) clearTimeout(gathering);
      await passing;
    },
  };
}

const queueOf = (row: { readonly siteId: string | null; readonly runsOnSiteId: string | null }): string =>
  stepQueue(row.siteId ?? row.runsOnSiteId);
