import { holds } from '@formwork/core';
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
  /** How many workers were alive when it was last read. */
  workers(): number;
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
      for (const view of views) {
        for (const key of view.progress.holding) {
          const row = view.rows.get(key);
          if (row === undefined || !holds(row.state)) continue;
          rows.push({ row, site: row.siteId === null ? null : (view.sites.get(row.siteId)?.name ?? null) });
        }
      }
      const locks = withLocks ? await readLocks(deps.db) : [];
      if (foreign.length > 0) {
        const known = new Set(rows.map((held) => held.row.id));
        rows.push(...foreign.filter((held) => !known.has(held.row.id)));
      }
      return { holding: { rows, locks }, workers };
    },
    workers: () => workers.filter((worker) => worker.alive).length,
    forget() {
      readAtMs = -Infinity;
    },
  };
}
