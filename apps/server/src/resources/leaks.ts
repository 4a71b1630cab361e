import type { LeaksResponse } from '@formwork/api';
import { isJsonArray, isJsonObject, type Json } from '@formwork/core';
import type { ServerDeps } from '../deps.ts';
import type { Handlers } from '../http/handler.ts';
import { askAndWait, isServed } from '../sites/ask-site.ts';
import { findDeployment } from './find-deployment.ts';

const answerTimeoutMs = 60_000;

export function leakHandlers(deps: ServerDeps): Pick<Handlers, 'getLeaks'> {
  return {
    getLeaks: async ({ params, caller, signal }) => {
      const deployment = await findDeployment(deps, params.name);
      const siteIds = await deps.inventory.deployments.siteIds(deployment.id);
      const sites = (await deps.inventory.sites.names()).filter((site) => siteIds.includes(site.id));
      const answers = await Promise.all(
        sites.map(async (site) => {
          const question = {
            site,
            kind: 'leak-check' as const,
            params: { deploymentId: deployment.id },
            actor: caller.actor,
          };
          const patience = (await isServed(deps, site.name)) ? answerTimeoutMs : deps.limits.workerPatienceMs;
          const task = await askAndWait(deps, question, patience, signal);
          return { site: site.name, task };
        }),
      );
      const resources: LeaksResponse['resources'][number][] = [];
      const unanswered: LeaksResponse['unanswered'][number][] = [];
      for (const { site, task } of answers) {
        const result = isJsonObject(task?.result) ? task.result : {};
        const found = result['found'];
        if (task?.state === 'done' && found !== undefined && isJsonArray(found)) {
          resources.push(...found.map((one) => toResource(site, one)));
        } else {
          const message = typeof result['message'] === 'string' ? result['message'] : 'no worker answered for it';
          unanswered.push({ site, message });
        }
      }
      return {
        body: {
          deployment: params.name,
          deploymentId: deployment.id,
          clean: resources.length === 0 && unanswered.length === 0,
          checkedAt: deps.now().toISOString(),
          resources,
          unanswered,
        },
      };
    },
  };
}

function toResource(site: string, found: Json): LeaksResponse['resources'][number] {
  const resource = isJsonObject(found) ? found : {};
  const tags = isJsonObject(resource['tags']) ? resource['tags'] : {};
  const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
  return { site, kind: text(resource['kind']), id: text(resource['id']), nodeId: text(tags['nodeId']) };
}
