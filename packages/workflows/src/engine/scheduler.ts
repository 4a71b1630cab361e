import { admit, refusal } from '@formwork/core';
import {
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
import { candidatesOf, type Placed, stepQueue } from './candidates.ts';
import type { ContentStore } from './content-store.ts';
import { finishRun, type LeakCheck } from './finish-run.ts';
import { type Judged, judge } from './judge.ts';
import { createOccupancy } from './occupancy.ts';
import type { OutboxSender } from './outbox-sender.ts';
import { standstill } from './run-end.ts';
import type { RunView, SiteViewOf } from './run-view.ts';
import { createRunViews } from './run-views.ts';
import { worldOf } from './world.ts';

export interface SchedulerDeps {
  readonly db: Database;
  readonly feed: EventFeed;
  readonly content: ContentStore;
  readonly siteView: SiteViewOf;
  readonly outbox: OutboxSender;
  readonly newId: () => string;
  readonly now: () => number;
  readonly log: Log;
}

/** Longest pause between two passes while a run is live, milliseconds: the backstop behind events and timers. */
const idlePassMs = 1_000;
/** How many a pass lets start. */
const mostAdmitted = 250;
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

/** What the graph releases in this pass, by run. */
interface Released {
  readonly view: RunView;
  readonly changes: readonly Judged[];
}

const isRelease = (change: Judged): boolean => change.event?.kind === 'released';

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
    const released: Released[] = [];
    for (const view of runs.all()) released.push({ view, changes: await judgeView(view, now) });
    const refusedForGood = await admitAll(released, now);
    await driveAgain();
    if (toSend) {
      toSend = false;
      await deps.outbox.drain();
    }
    for (const view of runs.all()) await closeIfOver(view, refusedForGood);
    return delayUntilNext();
  }

  /**
   * Judges until nothing more follows: what is found unchanged opens its children at once. What is released is not written
   * here but answered: most of it starts in the same pass, and both are one write then.
   */
  async function judgeView(view: RunView, now: number): Promise<readonly Judged[]> {
    const released = new Map<string, Judged>();
    for (;;) {
      const changes: Judged[] = [];
      for (const change of judge(view, now)) {
        if (isRelease(change)) released.set(change.key, change);
        else changes.push(change);
      }
      if (changes.length === 0) return [...released.values()];
      const results = await deps.db.transaction((tx) => changeNodeRoles(tx, changes));
      takeResults(
        changes.map((change) => change.nodeRoleId),
        results,
      );
      if (results.every((result) => !result.ok)) return [...released.values()];
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

  /** Starts what may start, and releases the rest of what was judged so; answers those that no free slot will ever help. */
  async function admitAll(released: readonly Released[], now: number): Promise<ReadonlySet<string>> {
    const refusedForGood = new Set<string>();
    const candidates = released.flatMap(({ view, changes }) =>
      candidatesOf(
        view,
        changes.map((change) => change.key),
        now,
      ),
    );
    const chosen = candidates.length === 0 ? [] : await chooseFrom(candidates, refusedForGood);
    // Of a thousand that may start at once the first are on their way while the next are being written.
    const admitted = chosen.slice(0, mostAdmitted);
    if (admitted.length < chosen.length) pokedAgain = true;
    const starting = new Set(admitted.map((candidate) => candidate.id));
    const left = released.flatMap(({ changes }) => changes.filter((change) => !starting.has(change.nodeRoleId)));
    if (admitted.length === 0 && left.length === 0) return refusedForGood;
    const sent = deps.outbox.sent();
    const { changes, jobs } = await deps.db.transaction((tx) =>
      admitNodeRoles(tx, {
        asked: admitted.map((candidate) => ({
          nodeRoleId: candidate.id,
          version: candidate.row.version,
          queue: candidate.queue,
          release: candidate.release,
          lock: candidate.lock,
        })),
        released: left,
        actor,
        workers: occupancy.workers(),
        sent,
      }),
    );
    if (jobs.length > 0) deps.outbox.forget(sent);
    takeResults(
      changes.map((change) => change.nodeRoleId),
      changes.map((change) => change.result),
    );
    try {
      await deps.outbox.send(jobs);
    } catch (error) {
      toSend = true;
      throw error;
    }
    return refusedForGood;
  }

  async function chooseFrom(candidates: readonly Placed[], refusedForGood: Set<string>): Promise<readonly Placed[]> {
    const views = runs.all();
    const withLocks = candidates.some((candidate) => candidate.lock !== null);
    const world = worldOf(views, await occupancy.read(views, withLocks), served);
    const byId = new Map(candidates.map((candidate) => [candidate.id, candidate]));
    const admitted = admit(candidates, world).flatMap((candidate) => byId.get(candidate.id) ?? []);
    const started = new Set(admitted.map((candidate) => candidate.id));
    for (const candidate of candidates) {
      if (candidate.rollout && !started.has(candidate.id) && refusal(candidate, world)?.kind === 'rollout-stopped')
        refusedForGood.add(candidate.id);
    }
    return admitted;
  }

  /** Puts on the queue again what was not heard of, when the first of it is due. */
  async function driveAgain(): Promise<void> {
    const now = deps.now();
    if (now >= redriveAtMs) {
      await deps.db.transaction(async (tx) => {
        await redriveSiteTasks(tx);
        await redrive(tx, queueOf, occupancy.workers());
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
