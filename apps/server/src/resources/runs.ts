import { cancelRun, setPaused, type Transaction } from '@formwork/db';
import type { Caller } from '../auth/caller.ts';
import type { ServerDeps } from '../deps.ts';
import { audit } from '../http/audit.ts';
import { encodeCursor, pageRequest } from '../http/cursor.ts';
import type { Handlers } from '../http/handler.ts';
import { waitForRun } from '../http/wait-for-run.ts';
import { findDeployment, findLiving, noLiveRun } from './find-deployment.ts';
import type { RunReader } from './read-run.ts';

type Operations = 'listRuns' | 'pauseRun' | 'resumeRun' | 'cancelRun' | 'getRun';

export function runHandlers(deps: ServerDeps & { readonly runs: RunReader }): Pick<Handlers, Operations> {
  const { db, inventory, runs } = deps;
  const steer = async (
    caller: Caller,
    name: string,
    action: string,
    runId: string,
    change: (tx: Transaction) => Promise<unknown>,
  ) => {
    await db.transaction(async (tx) => {
      await change(tx);
      await audit(tx, caller, action, `deployment:${name}`, null, { run: runId });
    });
    return { body: await runs.read(runId) };
  };
  return {
    listRuns: async ({ params, query }) => {
      const deployment = await findDeployment(deps, params.name);
      const page = await inventory.runs.list({
        ...pageRequest(query),
        deploymentId: deployment.id,
        // Paused and cancelling are moments of these.
        ...(query.state === undefined
          ? {}
          : { states: query.state.map((state) => ({ paused: 'running', cancelling: 'cancelled' })[state] ?? state) }),
      });
      const items = await Promise.all(page.items.map(runs.describe));
      const wanted = query.state === undefined ? items : items.filter((run) => query.state?.includes(run.state));
      return { body: { items: wanted, next: page.next === null ? null : encodeCursor(page.next) } };
    },
    getRun: async ({ params, query, signal }) => {
      const run = await waitForRun({ feed: deps.feed, readRun: runs.read }, params.run, query.wait, signal);
      return { body: run, version: run.version };
    },
    pauseRun: async ({ params, caller }) => {
      const { id, name, liveRun } = await findLiving(deps, params.name);
      if (liveRun === null) throw noLiveRun(name);
      return steer(caller, name, 'run.pause', liveRun, (tx) => setPaused(tx, id, true, caller.actor));
    },
    resumeRun: async ({ params, caller }) => {
      const { id, name, liveRun, lastRun, paused } = await findLiving(deps, params.name);
      // What was paused stays so beyond its run's end, so there may be no live one to let go on.
      const run = liveRun ?? (paused ? lastRun : null);
      if (run === null) throw noLiveRun(name);
      return steer(caller, name, 'run.resume', run, (tx) => setPaused(tx, id, false, caller.actor));
    },
    cancelRun: async ({ params, caller }) => {
      const { id, name, liveRun } = await findLiving(deps, params.name);
      if (liveRun === null) throw noLiveRun(name);
      return steer(caller, name, 'run.cancel', liveRun, (tx) => cancelRun(tx, id, caller.actor));
    },
  };
}
