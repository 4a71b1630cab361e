import { holds, workOf } from '@formwork/core';
import { type Database, type Holding, listWorkers, readForeignHolding, readLocks, type WorkerRow } from '@formwork/db';
import type { RunView } from './run-view.ts';
import type { Occupancy } from './world.ts';

/** How old what is not seen in events may be: workers that come and go, and what is left of runs that ended. */
const keptMs = 1_000;

/**
 * What holds, mostly from the views themselves: they follow the events, so a busy scheduler need not ask for what it
 * knows. What it knows late still holds in the rows, and the claims, lanes and locks of the database have the last word.
 */
export function createOccupancy(deps: { readonly db: Pick<Database, 'query'>; readonly now: () => number }): {
  read(views: readonly RunView[], withLocks: boolean): Promise<Occupancy>;
  /** Runs have changed: what holds outside of them is read anew. */
  forget(): void;
} {
  let readAtMs = -Infinity;
  let workers: readonly WorkerRow[] = [];
  let foreign: Holding['rows'] = [];

  return {
    async read(views, withLocks) {
      if (deps.now() - readAtMs > keptMs) {
        [workers, foreign] = await Promise.all([listWorkers(deps.db), readForeignHolding(deps.db)]);
        readAtMs = deps.now();
      }
      const rows: Holding['rows'][number][] = [];
      const known = new Set<string>();
      for (const view of views) {
        for (const key of view.progress.holding) {
          const row = view.rows.get(key);
          if (row === undefined || !holds(row.state)) continue;
          known.add(row.id);
          const site = row.siteId === null ? null : (view.sites.get(row.siteId)?.name ?? null);
          rows.push({ ...row, site, occupiesSlot: workOf(row.state)?.phase !== 'waiting' });
        }
      }
      const locks = withLocks ? await readLocks(deps.db) : [];
      return { holding: { rows: [...rows, ...foreign.filter((row) => !known.has(row.id))], locks }, workers };
    },
    forget() {
      readAtMs = -Infinity;
    },
  };
}
