import { setTimeout as delay } from 'node:timers/promises';
import type { Log, SiteRow } from '@formwork/db';
import type { OpenSites } from './open-sites.ts';

export interface KeepDeps {
  readonly sites: OpenSites;
  readonly log: Log;
}

/** Moves on the machines of the sites that have an inventory of them. Several workers may: each machine is taken by one. */
export interface MachineKeeper {
  /** The sites that this worker serves now. */
  follow(sites: readonly Pick<SiteRow, 'id' | 'name'>[]): void;
  close(): Promise<void>;
}

/** Between two passes over a site, while there is something to do and when not. */
const busyMs = 100;
const idleMs = 1_000;
const passTimeoutMs = 30_000;

export function keepMachines(deps: KeepDeps): MachineKeeper {
  const stop = new AbortController();
  const kept = new Map<string, { readonly leave: AbortController; readonly ended: Promise<void> }>();

  const keep = async (site: Pick<SiteRow, 'id' | 'name'>, signal: AbortSignal): Promise<void> => {
    const left = (): boolean => signal.aborted;
    while (!left()) {
      let begun = 0;
      try {
        const { provider } = await deps.sites.site(site.id);
        // Which providers have machines does not change while we run.
        if (provider.machines === undefined) return;
        begun = await provider.machines.keep({ signal, timeoutMs: passTimeoutMs });
      } catch (error) {
        if (!left()) deps.log.warn({ site: site.name, error: String(error) }, 'a look at its machines failed');
      }
      await delay(begun > 0 ? busyMs : idleMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  };
  return {
    follow(sites) {
      if (stop.signal.aborted) return;
      const served = new Set(sites.map(({ id }) => id));
      for (const [id, { leave }] of kept) {
        if (served.has(id)) continue;
        leave.abort();
        kept.delete(id);
      }
      for (const site of sites) {
        if (kept.has(site.id)) continue;
        const leave = new AbortController();
        kept.set(site.id, { leave, ended: keep(site, AbortSignal.any([leave.signal, stop.signal])) });
      }
    },
    async close() {
      stop.abort();
      await Promise.all([...kept.values()].map(({ ended }) => ended));
    },
  };
}
