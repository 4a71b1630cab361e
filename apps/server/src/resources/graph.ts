import type { PlanRecord } from '@formwork/db';
import type { ServerDeps } from '../deps.ts';
import type { Handlers } from '../http/handler.ts';
import { notFound } from '../http/problems.ts';
import { findDeployment } from './find-deployment.ts';

export function graphHandlers(deps: ServerDeps): Pick<Handlers, 'getGraph'> {
  const { inventory } = deps;
  const ofRun = async (runId: string | null): Promise<PlanRecord | null> => {
    const run = runId === null ? null : await inventory.runs.find(runId);
    return run === null ? null : inventory.plans.find(run.planId);
  };
  return {
    getGraph: async ({ params, query }) => {
      const deployment = await findDeployment(deps, params.name);
      const plan =
        query.plan !== undefined
          ? await inventory.plans.find(query.plan)
          : ((await ofRun(deployment.liveRun)) ??
            (await inventory.plans.open(deployment.id)) ??
            (await ofRun(deployment.lastRun)));
      if (plan?.deploymentId !== deployment.id) throw notFound(`plan of deployment ${params.name} to draw`);
      const { vertices, edges } = plan.plan.graph;
      return { body: { plan: plan.id, vertices, edges } };
    },
  };
}
