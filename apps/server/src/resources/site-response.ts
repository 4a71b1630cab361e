import type { SiteResponse } from '@formwork/api';
import { isJsonArray, isJsonObject, type Json } from '@formwork/core';
import type { SiteRecord } from '@formwork/db';

export const toSiteResponse = (site: SiteRecord): SiteResponse => ({
  id: site.id,
  name: site.name,
  provider: site.provider,
  configuration: site.configuration,
  credentials: credentialsSecret(site.credentials),
  params: site.params,
  maxNodes: site.maxNodes,
  nodes: site.nodes,
  lastCheck: toCheckResponse(site.check, site.checkedAt ?? site.updatedAt),
  problems: site.problems.map(({ code, subject, message, firstAt, lastAt, times }) => ({
    ...{ code, subject, message, times },
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
  })),
  version: site.version,
  createdAt: site.createdAt.toISOString(),
  updatedAt: site.updatedAt.toISOString(),
});

/** A provider's own answer to a check; null for none. */
export function toCheckResponse(check: Json, at: Date): SiteResponse['lastCheck'] {
  if (!isJsonObject(check)) return null;
  const list = (value: Json | undefined): readonly Json[] => (value !== undefined && isJsonArray(value) ? value : []);
  const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
  return {
    ok: check['ok'] === true,
    at: at.toISOString(),
    problems: list(check['problems']).flatMap((problem) =>
      isJsonObject(problem)
        ? [{ path: text(problem['path']), message: text(problem['message']), remedy: text(problem['remedy']) }]
        : [],
    ),
    notes: list(check['notes']).map(text),
  };
}

/**
 * A site's credentials are a copy of a named secret under the site's own key, so that its workers need no other:
 * `site:<id>/credentials/<secret>/<version>`. Each version has a name of its own.
 */
export const credentialsName = (secret: string, version: number): string => `credentials/${secret}/${String(version)}`;

export const credentialsSecret = (reference: string | null): string | null => reference?.split('/')[2] ?? null;
