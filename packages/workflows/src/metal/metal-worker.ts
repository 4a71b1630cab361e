import { hostname } from 'node:os';
import { announceWorker, readSites, retireWorker, siteChannel, type SiteRow } from '@formwork/db';
import { isBootHost, metalConfigurationSchema, type MetalConfiguration } from '@formwork/providers';
import { followSites } from '../worker/follow-sites.ts';
import { type HeldSite, holdSite } from './hold-site.ts';
import { type ServeMetalDeps, serveMetalSite } from './serve-metal-site.ts';

export interface MetalWorkerDeps extends ServeMetalDeps {
  /** Names of the sites it serves; empty serves all whose boot address is this host's. */
  readonly serves: readonly string[];
  /** Whether it has to say itself that it is there; a worker that takes steps too does so already. */
  readonly announces: boolean;
}

/** Serves the metal sites of this host, until it is closed. */
export async function startMetalWorker(deps: MetalWorkerDeps): Promise<{ close(): Promise<void> }> {
  const held = new Map<string, { readonly configuration: string; readonly site: HeldSite }>();
  let closed = false;

  const follow = async (): Promise<void> => {
    const wanted = new Map((await readSites(deps.db)).flatMap((row) => bootSiteOf(row, deps.serves)));
    for (const [id, { configuration, site }] of held) {
      if (wanted.get(id)?.text === configuration) continue;
      // What it is told to be has changed: from the start, within a second. Leases and sessions are kept.
      held.delete(id);
      await site.close();
    }
    for (const [id, { row, configuration, text }] of wanted) {
      if (held.has(id) || closed) continue;
      const serve = () => serveMetalSite(deps, row, configuration);
      held.set(id, {
        configuration: text,
        site: holdSite({ db: deps.db, log: deps.log, siteId: id, worker: deps.worker, serve }),
      });
    }
  };
  const announce = async (): Promise<void> => {
    if (!deps.announces) return;
    await announceWorker(deps.db, { id: deps.worker, host: hostname(), sites: deps.serves, slots: 0 });
  };

  const followed = await followSites({
    ...{ db: deps.db, log: deps.log, channels: [siteChannel], what: 'the metal sites' },
    ...{ follow, announce },
  });
  return {
    async close() {
      closed = true;
      await followed.stop();
      await followed.settled();
      await Promise.all([...held.values()].map(({ site }) => site.close()));
      if (deps.announces) await retireWorker(deps.db, deps.worker).catch(() => undefined);
    },
  };
}

interface BootSiteRow {
  readonly row: SiteRow;
  readonly configuration: MetalConfiguration;
  readonly text: string;
}

/** A metal site that boots from this host; what its configuration says of machines and images is of no concern here. */
function bootSiteOf(row: SiteRow, serves: readonly string[]): readonly (readonly [string, BootSiteRow])[] {
  if (row.provider !== 'metal' || (serves.length > 0 && !serves.includes(row.name))) return [];
  const parsed = metalConfigurationSchema.safeParse(row.configuration);
  if (!parsed.success || parsed.data.subnets.length === 0 || !isBootHost(parsed.data)) return [];
  const { subnets, boot, rules, trust, limits, deadlineMinutes } = parsed.data;
  const text = JSON.stringify({ name: row.name, subnets, boot, rules, trust, limits, deadlineMinutes });
  return [[row.id, { row, configuration: parsed.data, text }]];
}
