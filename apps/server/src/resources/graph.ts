import { routes } from '@formwork/api';
import type { ServerDeps } from '../deps.ts';
import { encodeAnswer } from '../http/encode-answer.ts';
import type { Handlers } from '../http/handler.ts';
import { notFound } from '../http/problems.ts';
import { findDeployment } from './find-deployment.ts';

interface EncodedGraph {
  readonly deploymentId: string;
  readonly json: Buffer;
}

const keptBytes = 64 * 1024 * 1024;

/** A plan never changes, so its graph is read, checked and encoded once. */
export function graphHandlers(deps: ServerDeps): Pick<Handlers, 'getGraph'> {
  const graphs = new Map<string, EncodedGraph>();
  let bytes = 0;
  const graphOf = async (planId: string): Promise<EncodedGraph | null> => {
    const known = graphs.get(planId);
    if (known !== undefined) return known;
    const [plan, graph] = await Promise.all([deps.inventory.plans.summary(planId), deps.inventory.plans.graph(planId)]);
    if (plan === null || graph === null) return null;
    const body = { plan: plan.id, ...graph };
    const json = Buffer.from(encodeAnswer('getGraph', routes.getGraph, 200, body, null));
    const encoded = { deploymentId: plan.deploymentId, json };
    if (!graphs.has(planId)) bytes += json.length;
    graphs.set(planId, encoded);
    for (const [id, oldest] of graphs) {
      if (bytes <= keptBytes) break;
      graphs.delete(id);
      bytes -= oldest.json.length;
    }
    return encoded;
  };
  return {
    getGraph: async ({ params, query }) => {
      const { id, liveRun, openPlan, lastRunPlan } = await findDeployment(deps, params.name);
      const planId = query.plan ?? (liveRun === null ? (openPlan ?? lastRunPlan) : lastRunPlan);
      const graph = planId === null ? null : await graphOf(planId);
      if (planId === null || graph?.deploymentId !== id) throw notFound(`plan of deployment ${params.name} to draw`);
      return { json: graph.json, etag: `"${planId}"` };
    },
  };
}
