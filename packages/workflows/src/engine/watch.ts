import {
  askSite,
  type Database,
  forgetGoneWorkers,
  forgetOldEvents,
  forgetOldSiteTasks,
  type Log,
  pruneLogs,
  readExpired,
  readUnwatchedSites,
} from '@formwork/db';
import { approve } from '../planning/approve.ts';
import type { PlanningDeps } from '../planning/planning-deps.ts';
import { proposeDestroy } from '../planning/propose.ts';

export interface Watch {
  close(): Promise<void>;
}

/** Between two looks at everything, milliseconds. */
const lookMs = 5_000;
/** A site's machines are looked at this often while nothing else does, milliseconds. */
const observeMs = 20_000;
/** Old rows are swept this often, in looks. */
const sweepEvery = 120;

/**
 * What has to happen although nobody asks: machines are looked at, deployments past their time to live are destroyed
 * under the approval given with the ttl, old rows are swept out. One server does it, the one that schedules.
 */
export function startWatch(deps: {
  readonly db: Database;
  readonly planning: PlanningDeps;
  readonly newId: () => string;
  readonly log: Log;
}): Watch {
  const { db, log } = deps;
  let looking: Promise<void> = Promise.resolve();
  let looks = 0;

  const look = async (): Promise<void> => {
    for (const siteId of await readUnwatchedSites(db, observeMs)) {
      await db.transaction((tx) =>
        askSite(tx, { id: deps.newId(), siteId, kind: 'observe', params: {}, actor: 'watch' }),
      );
    }
    for (const name of await readExpired(db)) await expire(name);
    looks += 1;
    if (looks % sweepEvery !== 1) return;
    await forgetGoneWorkers(db);
    await forgetOldSiteTasks(db);
    await forgetOldEvents(db);
    await pruneLogs(db);
  };
  const expire = async (name: string): Promise<void> => {
    const proposal = await proposeDestroy(deps.planning, { name, actor: 'ttl' });
    if (!proposal.ok) {
      log.error(
        { deployment: name, problems: proposal.problems },
        'a deployment past its time to live cannot be destroyed; somebody must look',
      );
      return;
    }
    await approve(deps.planning, { planId: proposal.value.planId, actor: 'ttl', taskParams: null });
    log.info({ deployment: name }, 'a deployment past its time to live is being destroyed');
  };
  const timer = setInterval(() => {
    looking = looking.then(look).catch((error: unknown) => {
      log.warn({ error: String(error) }, 'looking after things failed; it is tried again');
    });
  }, lookMs);

  return {
    async close() {
      clearInterval(timer);
      await looking;
    },
  };
}
