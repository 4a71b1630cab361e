import { type JsonObject, workOf } from '@formwork/core';
import type { RunView } from './run-view.ts';

/** Whether a run can still go anywhere by itself. `null`: it can. */
export interface Standstill {
  readonly state: 'succeeded' | 'failed';
  readonly summary: JsonObject;
}

/**
 * A run is over when everything is done, or when nothing holds, nothing will be retried by itself and nothing that is
 * left may start: its parents failed, or its rollout was stopped. What waits for a person (paused, locked, no worker,
 * unreachable) is not over.
 */
export function standstill(view: RunView, refusedForGood: ReadonlySet<string>): Standstill | null {
  const counts = view.schedule.counts();
  const summary = {
    total: view.vertices.size,
    ok: counts.ok,
    failed: counts.failed,
    skipped: counts.skipped,
    blocked: counts.dead,
  };
  if (counts.pending === 0 && counts.failed === 0 && counts.dead === 0) return { state: 'succeeded', summary };
  // Most passes end here.
  if (isAtWork(view)) return null;
  for (const vertex of view.vertices.values()) {
    if (view.schedule.standing(vertex.key) !== 'pending' || view.schedule.isDead(vertex.key)) continue;
    const row = view.rows.get(vertex.nodeRole);
    if (row === undefined) continue;
    const work = workOf(row.state);
    if (work === null) return null;
    const standsStill = work.phase === 'ready' && !work.queued && refusedForGood.has(row.id);
    const waitsForStanding = work.phase === 'blocked' && !view.schedule.isEligible(vertex.key);
    if (!standsStill && !waitsForStanding) return null;
  }
  return { state: 'failed', summary };
}

/** Something of the run holds or will be tried again. */
function isAtWork(view: RunView): boolean {
  const { holding, retryAtMs } = view.progress;
  for (const keys of [holding.keys(), retryAtMs.keys()])
    for (const key of keys) if (view.verticesOf.has(key) && view.rows.get(key)?.runId === view.run.id) return true;
  return false;
}
