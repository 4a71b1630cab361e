import { isJsonArray, isJsonObject, type Json } from '@formwork/core';
import { askSite, type Database, destroyDeployment, endRun, readSiteTask } from '@formwork/db';
import type { Standstill } from './run-end.ts';
import type { RunView } from './run-view.ts';

/** Site tasks that ask whether anything of a destroyed deployment is left, by site id. */
export interface LeakCheck {
  readonly asked: Map<string, string>;
}

export interface FinishDeps {
  readonly db: Database;
  readonly newId: () => string;
}

const actor = 'scheduler';

/** `waiting`: the leak check of a destroy has not come back. `moved`: rows have changed since the view was read. */
export type Ending = 'over' | 'waiting' | 'moved';

/** Closes a run that stands still. */
export async function finishRun(
  deps: FinishDeps,
  view: RunView,
  end: Standstill,
  leakCheck: LeakCheck,
): Promise<Ending> {
  if (view.run.purpose === 'destroy' && end.state === 'succeeded') return finishDestroy(deps, view, end, leakCheck);
  const ended = await deps.db.transaction((tx) =>
    endRun(tx, {
      runId: view.run.id,
      seen: seenBy(view),
      state: end.state,
      deploymentState:
        view.run.purpose === 'task'
          ? null
          : view.run.purpose === 'destroy'
            ? 'destroying'
            : end.state === 'succeeded'
              ? 'active'
              : 'failed',
      summary: end.summary,
      actor,
    }),
  );
  return ended ? 'over' : 'moved';
}

const seenBy = (view: RunView): ReadonlyMap<string, number> =>
  new Map([...view.rows.values()].map((row) => [row.id, row.version]));

/** All machines are gone as far as we know; now every site the deployment was on is asked what it still sees of it. */
async function finishDestroy(deps: FinishDeps, view: RunView, end: Standstill, leakCheck: LeakCheck): Promise<Ending> {
  const { db } = deps;
  const used = await db.query<{ site_id: string }>('SELECT DISTINCT site_id FROM nodes WHERE deployment_id = $1', [
    view.deployment.id,
  ]);
  const leaks: Json[] = [];
  let unknown: string | null = null;
  for (const { site_id: siteId } of used) {
    const taskId = leakCheck.asked.get(siteId);
    if (taskId === undefined) {
      const id = deps.newId();
      leakCheck.asked.set(siteId, id);
      await db.transaction((tx) =>
        askSite(tx, { id, siteId, kind: 'leak-check', params: { deploymentId: view.deployment.id }, actor }),
      );
      unknown ??= '';
      continue;
    }
    const task = await readSiteTask(db, taskId);
    if (task === null || task.state === 'asked') {
      unknown ??= '';
      continue;
    }
    const found = isJsonObject(task.result) ? task.result['found'] : undefined;
    if (task.state === 'done' && found !== undefined && isJsonArray(found)) leaks.push(...found);
    else leaks.push({ kind: 'unknown', id: siteId, message: 'the site could not be asked what is left' });
  }
  if (unknown !== null) return 'waiting';
  return db.transaction(async (tx) => {
    const ended = await endRun(tx, {
      runId: view.run.id,
      seen: seenBy(view),
      state: leaks.length === 0 ? 'succeeded' : 'failed',
      deploymentState: leaks.length === 0 ? 'destroyed' : 'destroying',
      summary: { ...end.summary, leaks: leaks.length },
      actor,
    });
    if (ended) await destroyDeployment(tx, view.deployment.id, leaks, actor);
    return ended ? 'over' : 'moved';
  });
}
