import { FormworkError } from '@formwork/core';
import { deleteNamedSecret, type NamedSecret, replaceCredentials, requireVersion } from '@formwork/db';
import { providers } from '@formwork/providers';
import type { ServerDeps } from '../deps.ts';
import { audit } from '../http/audit.ts';
import { pageBody, pageRequest } from '../http/cursor.ts';
import type { Handlers } from '../http/handler.ts';
import { notFound } from '../http/problems.ts';
import { namedSecretReference, namedSecretScope, requireProvider, sealCredentials } from '../sites/site-credentials.ts';

export function secretHandlers(deps: ServerDeps): Pick<Handlers, 'listSecrets' | 'setSecret' | 'deleteSecret'> {
  const { db, inventory } = deps;
  const find = (name: string) => inventory.namedSecrets.find(namedSecretScope, namedSecretReference(name));
  const sitesUsing = (name: string) => inventory.namedSecrets.sitesWithCredentials(`/credentials/${name}/`);
  return {
    listSecrets: async ({ query }) => ({
      body: pageBody(
        await inventory.namedSecrets.list({ ...pageRequest(query), scope: namedSecretScope }),
        toSecretResponse,
      ),
    }),
    setSecret: async ({ params, body, caller, ifMatch }) => {
      const name = params.secret;
      const before = await find(name);
      if (ifMatch !== null) requireVersion(`secret ${name}`, before?.version ?? 0, ifMatch);
      await deps.secretStore.put(namedSecretScope, namedSecretReference(name), body.value);
      const after = await find(name);
      if (after === null) throw notFound(`secret ${name}`);
      await db.transaction(async (tx) => {
        tx.emit({ kind: 'secret.set', actor: caller.actor, data: { name, version: after.version } });
        const was = before === null ? null : { version: before.version };
        await audit(tx, caller, 'secret.set', `secret:${name}`, was, { version: after.version });
      });
      if (before !== null && before.version !== after.version) await renewSites(deps, name, caller.actor);
      return { status: before === null ? 201 : 200, body: toSecretResponse(after), version: after.version };
    },
    deleteSecret: async ({ params, caller, ifMatch }) => {
      const name = params.secret;
      const secret = await find(name);
      if (secret === null) throw notFound(`secret ${name}`);
      requireVersion(`secret ${name}`, secret.version, ifMatch);
      const using = await sitesUsing(name);
      if (using.length > 0) {
        const names = using.map((site) => site.name).join(', ');
        throw new FormworkError('conflict', 'in-use', `secret ${name} holds the credentials of ${names}`);
      }
      await db.transaction(async (tx) => {
        await deleteNamedSecret(tx, namedSecretScope, secret.ref);
        tx.emit({ kind: 'secret.deleted', actor: caller.actor, data: { name } });
        await audit(tx, caller, 'secret.delete', `secret:${name}`, { version: secret.version }, null);
      });
      return { body: undefined };
    },
  };
}

/** Sites hold a copy under their own key: a new version goes to each, and their workers open them anew. */
async function renewSites(deps: ServerDeps, name: string, actor: string): Promise<void> {
  for (const { id } of await deps.inventory.namedSecrets.sitesWithCredentials(`/credentials/${name}/`)) {
    const site = await deps.inventory.sites.find(id);
    if (site === null) continue;
    const provider = requireProvider(providers, site.provider);
    const reference = await sealCredentials(deps, { id, provider }, name);
    await deps.db.transaction((tx) => replaceCredentials(tx, { id, name: site.name, reference, actor }));
  }
}

const toSecretResponse = (secret: NamedSecret) => ({
  name: secret.ref.slice(namedSecretScope.length + 1),
  version: secret.version,
  createdAt: secret.createdAt.toISOString(),
  updatedAt: secret.updatedAt.toISOString(),
});
