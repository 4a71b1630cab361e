import { bindDeployment, FormworkError } from '@formwork/core';
import { readActual, readDeployment, readSites } from '@formwork/db';
import type { ServerDeps } from '../deps.ts';
import type { Handlers } from '../http/handler.ts';
import { notFound } from '../http/problems.ts';
import { explainParams } from './explain-params.ts';
import { findDeployment } from './find-deployment.ts';

export function paramHandlers(deps: ServerDeps): Pick<Handlers, 'getParams'> {
  return {
    getParams: async ({ params, query }) => {
      const deployment = await findDeployment(deps, params.name);
      const row = await readDeployment(deps.db, deployment.id);
      if (row === null || deployment.specification === null) throw notFound(`specification of ${params.name} yet`);
      const { index } = await deps.content.content(deployment.packs);
      const { bindings, problems } = bindDeployment({
        spec: deployment.specification,
        content: index,
        sites: (await readSites(deps.db)).map(deps.siteView),
        actual: await readActual(deps.db, row),
      });
      if (bindings === null) {
        const message = `its roles cannot be bound: ${problems.map((problem) => problem.message).join('; ')}`;
        throw new FormworkError('conflict', 'conflict', message, { details: { problems } });
      }
      const node = query.node ?? null;
      if (node !== null && !bindings.nodes.some((one) => one.node.name === node)) {
        throw notFound(`node ${node} in what deployment ${params.name} wants`);
      }
      const explained = explainParams(bindings, node, query.explain === true);
      return { body: { deployment: params.name, node, params: explained } };
    },
  };
}
