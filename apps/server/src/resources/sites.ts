import { deleteSite, insertSite, siteScope, type SiteRecord, updateSite } from '@formwork/db';
import { providers } from '@formwork/providers';
import { reachableIds } from '../auth/caller.ts';
import type { ServerDeps } from '../deps.ts';
import { audit } from '../http/audit.ts';
import { pageBody, pageRequest } from '../http/cursor.ts';
import type { Handlers } from '../http/handler.ts';
import { mergePatch } from '../http/merge-patch.ts';
import { notFound } from '../http/problems.ts';
import { refuseForeignSecrets } from '../http/foreign-secrets.ts';
import { ask, requireAnswer } from '../sites/ask-site.ts';
import { sealSiteParams } from '../sites/seal-site-params.ts';
import { checkConfiguration, requireProvider, sealCredentials } from '../sites/site-credentials.ts';
import { credentialsSecret, toCheckResponse, toSiteResponse } from './site-response.ts';

type Operations =
  | 'listSites'
  | 'createSite'
  | 'getSite'
  | 'patchSite'
  | 'deleteSite'
  | 'checkSite'
  | 'getSiteCatalogue';

/** A check may install what a site needs. */
const checkTimeoutMs = 300_000;

export function siteHandlers(deps: ServerDeps): Pick<Handlers, Operations> {
  const { db, inventory } = deps;
  const find = async (idOrName: string): Promise<SiteRecord> => {
    const site = await inventory.sites.find(idOrName);
    if (site === null) throw notFound(`site ${idOrName}`);
    return site;
  };
  return {
    listSites: async ({ query, caller }) => {
      const ids = await reachableIds(caller, 'site', () => inventory.sites.names());
      const { provider } = query;
      const page = await inventory.sites.list({
        ...pageRequest(query),
        ids,
        ...(provider === undefined ? {} : { provider }),
      });
      return { body: pageBody(page, toSiteResponse) };
    },
    createSite: async ({ body, caller }) => {
      const provider = requireProvider(providers, body.provider);
      checkConfiguration(provider, body.configuration);
      refuseForeignSecrets(body.params, ['params'], null);
      const id = deps.newId();
      const site = { id, name: body.name };
      const fields = {
        configuration: body.configuration,
        maxNodes: body.maxNodes,
        credentials: body.credentials === null ? null : await sealCredentials(deps, { id, provider }, body.credentials),
        params: await sealSiteParams(deps, id, body.params),
      };
      await db.transaction(async (tx) => {
        await insertSite(tx, { ...site, ...fields, provider: body.provider, actor: caller.actor });
        const after = { ...fields, provider: body.provider, credentials: body.credentials };
        await audit(tx, caller, 'site.create', `site:${site.name}`, null, after);
      });
      await ask(deps, { site, kind: 'catalogue', params: {}, actor: caller.actor });
      const made = await find(id);
      return { body: toSiteResponse(made), version: made.version };
    },
    getSite: async ({ params }) => {
      const site = await find(params.site);
      return { body: toSiteResponse(site), version: site.version };
    },
    patchSite: async ({ params, body, caller, ifMatch }) => {
      const before = await find(params.site);
      const { id, name } = before;
      const provider = requireProvider(providers, before.provider);
      const configuration = mergePatch(before.configuration, body.configuration ?? {});
      checkConfiguration(provider, configuration);
      refuseForeignSecrets(body.params ?? {}, ['params'], `${siteScope(id)}/`);
      const credentials =
        body.credentials === undefined
          ? before.credentials
          : body.credentials === null
            ? null
            : await sealCredentials(deps, { id, provider }, body.credentials);
      const fields = {
        configuration,
        credentials,
        params: await sealSiteParams(deps, id, mergePatch(before.params, body.params ?? {})),
        maxNodes: body.maxNodes === undefined ? before.maxNodes : body.maxNodes,
      };
      await db.transaction(async (tx) => {
        await updateSite(tx, { id, name, ...fields, expectedVersion: ifMatch ?? before.version, actor: caller.actor });
        await audit(tx, caller, 'site.change', `site:${name}`, audited(before), audited({ ...before, ...fields }));
      });
      await ask(deps, { site: before, kind: 'catalogue', params: {}, actor: caller.actor });
      const after = await find(id);
      return { body: toSiteResponse(after), version: after.version };
    },
    deleteSite: async ({ params, caller, ifMatch }) => {
      const site = await find(params.site);
      await db.transaction(async (tx) => {
        await deleteSite(tx, { id: site.id, name: site.name, expectedVersion: ifMatch, actor: caller.actor });
        await deps.secretStore.forget(siteScope(site.id), tx);
        await audit(tx, caller, 'site.delete', `site:${site.name}`, audited(site), null);
      });
      return { body: undefined };
    },
    checkSite: async ({ params, caller, signal }) => {
      const site = await find(params.site);
      const question = { site, kind: 'check' as const, params: {}, actor: caller.actor };
      const result = await requireAnswer(deps, question, checkTimeoutMs, signal);
      const check = toCheckResponse(result, deps.now());
      return { body: check ?? { ok: false, at: deps.now().toISOString(), problems: [], notes: [] } };
    },
    getSiteCatalogue: async ({ params }) => {
      const site = await find(params.site);
      if (site.catalogue === null) throw notFound(`catalogue of ${site.name} yet: no worker has looked`);
      return { body: site.catalogue };
    },
  };
}

const audited = (site: SiteRecord) => ({
  configuration: site.configuration,
  params: site.params,
  credentials: credentialsSecret(site.credentials),
  maxNodes: site.maxNodes,
});
