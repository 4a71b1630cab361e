import { insertToken, newToken, revokeToken, type TokenRecord } from '@formwork/db';
import type { KnownTokens } from '../auth/known-tokens.ts';
import type { ServerDeps } from '../deps.ts';
import { audit } from '../http/audit.ts';
import { pageBody, pageRequest } from '../http/cursor.ts';
import type { Handlers } from '../http/handler.ts';
import { notFound } from '../http/problems.ts';

export function tokenHandlers(
  deps: ServerDeps & { readonly tokens: Pick<KnownTokens, 'forget'> },
): Pick<Handlers, 'listTokens' | 'createToken' | 'revokeToken'> {
  const { db, inventory } = deps;
  return {
    listTokens: async ({ query }) => ({
      body: pageBody(await inventory.tokens.list(pageRequest(query)), toTokenResponse),
    }),
    createToken: async ({ body, caller }) => {
      const id = deps.newId();
      const { text, hash } = newToken();
      const { name, role } = body;
      const { sites, deployments, pipelines } = body.scope;
      const scope = { sites: [...sites], deployments: [...deployments], pipelines: [...pipelines] };
      const expiresAt = body.expiresAt === null ? null : new Date(body.expiresAt);
      await db.transaction(async (tx) => {
        await insertToken(tx, { id, name, hash, role, scope, expiresAt, actor: caller.actor });
        const after = { id, role, scope, expiresAt: body.expiresAt };
        await audit(tx, caller, 'token.create', `token:${name}`, null, after);
      });
      const [record] = await inventory.tokens.find(id);
      if (record === undefined) throw notFound(`token ${name}`);
      const made = toTokenResponse(record);
      // Shown in this answer and never again, not even in its replay.
      return { body: { ...made, token: text }, replayed: { ...made, token: '' } };
    },
    revokeToken: async ({ params, caller }) => {
      const tokens = await inventory.tokens.find(params.token);
      if (tokens.length === 0) throw notFound(`token ${params.token}`);
      await db.transaction(async (tx) => {
        for (const { id, name, role } of tokens) {
          await revokeToken(tx, { id, name, actor: caller.actor });
          await audit(tx, caller, 'token.revoke', `token:${name}`, { id, role }, null);
        }
      });
      for (const { id } of tokens) deps.tokens.forget(id);
      return { body: undefined };
    },
  };
}

const toTokenResponse = (token: TokenRecord) => ({
  id: token.id,
  name: token.name,
  role: token.role,
  scope: token.scope,
  createdAt: token.createdAt.toISOString(),
  createdBy: token.createdBy,
  expiresAt: token.expiresAt?.toISOString() ?? null,
  lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
  revokedAt: token.revokedAt?.toISOString() ?? null,
});
