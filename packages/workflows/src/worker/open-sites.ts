import { FormworkError } from '@formwork/core';
import { type Database, type Log, openMachineStore, readSite, siteScope, type SiteRow } from '@formwork/db';
import { type Provider, providerNamed, type StageOneRole } from '@formwork/providers';
import type { Secrets } from '../secrets.ts';
import { batched } from './batched.ts';

export interface OpenSite {
  readonly provider: Provider;
  readonly scripts: 'ssh' | 'simulated';
  readonly stageOne: readonly StageOneRole[];
}

/** Providers of the sites this worker serves, opened once for each version of a site's configuration. */
export interface OpenSites {
  /** As it is stored now. */
  site(siteId: string): Promise<OpenSite>;
  /** As it was when all sites were last told of, for what comes often; one that was not told of is read. */
  recent(siteId: string): Promise<OpenSite>;
  tell(rows: readonly SiteRow[]): void;
  close(): Promise<void>;
}

export interface OpenSitesDeps {
  readonly db: Database;
  readonly secrets: Secrets;
  readonly log: Log;
  /** Who is named in events of what providers write: `worker:<id>`. */
  readonly actor: string;
  /** A directory of this host for providers' state; each site has one of its own below it. */
  readonly dataDirectory: string;
}

export function openSites(deps: OpenSitesDeps): OpenSites {
  const opened = new Map<string, { readonly version: number; readonly site: Promise<OpenSite> }>();
  let told: ReadonlyMap<string, SiteRow> = new Map();
  const rowOf = batched(async (ids: readonly string[]) => {
    const rows = new Map(
      await Promise.all([...new Set(ids)].map(async (id) => [id, await readSite(deps.db, id)] as const)),
    );
    return ids.map((id) => rows.get(id) ?? null);
  });
  const read = async (siteId: string): Promise<SiteRow> => {
    const row = await rowOf(siteId);
    if (row === null) throw new FormworkError('not-found', 'site-not-found', `there is no site ${siteId}`);
    return row;
  };
  const machines = openMachineStore(deps.db);
  const open = async (row: SiteRow): Promise<OpenSite> => {
    const registered = providerNamed(row.provider);
    const text =
      row.credentials === null
        ? null
        : await deps.secrets.reveal({ $secret: { ref: row.credentials, version: 1, digest: '' } });
    const credentials: unknown = text === null ? {} : JSON.parse(text);
    const provider = registered.open({
      siteId: row.id,
      siteName: row.name,
      configuration: row.configuration,
      credentials,
      dataDirectory: `${deps.dataDirectory}/${row.provider}/${row.id}`,
      log: (message, fields) => {
        deps.log.info({ site: row.name, ...fields }, message);
      },
      machines: {
        store: machines,
        keyed: async (text) => (await deps.secrets.refer(siteScope(row.id), 'machines', text)).$secret.digest,
        actor: deps.actor,
      },
    });
    const { scripts, stageOne } = registered.descriptor;
    return { provider, scripts, stageOne };
  };
  const opening = (row: SiteRow): Promise<OpenSite> => {
    const known = opened.get(row.id);
    if (known !== undefined && known.version >= row.version) return known.site;
    const site = open(row);
    opened.set(row.id, { version: row.version, site });
    site.catch(() => opened.delete(row.id));
    // A call under way on the former one ends by itself; closing it only ends what it kept.
    if (known !== undefined) void known.site.then(({ provider }) => provider.close()).catch(() => undefined);
    return site;
  };
  return {
    tell(rows) {
      told = new Map(rows.map((row) => [row.id, row]));
    },
    site: async (siteId) => opening(await read(siteId)),
    recent: async (siteId) => opening(told.get(siteId) ?? (await read(siteId))),
    async close() {
      for (const { site } of opened.values())
        await site.then(({ provider }) => provider.close()).catch(() => undefined);
      opened.clear();
    },
  };
}
