import { runEnded } from '@formwork/api';
import { FormworkError } from '@formwork/core';
import { auditedDatabase, type PlanRecord, readSpecification } from '@formwork/db';
import { approve } from '@formwork/workflows';
import { type Caller, requireSites } from '../auth/caller.ts';
import type { ServerDeps } from '../deps.ts';
import { auditEntry } from '../http/audit.ts';
import { pageBody, pageRequest } from '../http/cursor.ts';
import type { Handlers } from '../http/handler.ts';
import { notFound } from '../http/problems.ts';
import { waitForRun } from '../http/wait-for-run.ts';
import { findDeployment, findLiving } from './find-deployment.ts';
import { toPlanResponse } from './plan-response.ts';
import type { RunReader } from './read-run.ts';

type Operations = 'listPlans' | 'getOpenPlan' | 'getPlan' | 'approvePlan';

export function planHandlers(deps: ServerDeps & { readonly runs: RunReader }): Pick<Handlers, Operations> {
  const { inventory } = deps;
  /** Only of the deployment that the path names: that is what the caller's scope was checked against. */
  const find = async (name: string, id: string): Promise<PlanRecord> => {
    const plan = await inventory.plans.find(id);
    if (plan?.deployment !== name) throw notOf({ name, plan: id });
    return plan;
  };
  const notOf = ({ name, plan }: { readonly name: string; readonly plan: string }): Error =>
    notFound(`plan ${plan} of deployment ${name}`);
  return {
    listPlans: async ({ params, query }) => {
      const deployment = await findDeployment(deps, params.name);
      const { status } = query;
      const page = await inventory.plans.list({
        ...pageRequest(query),
        deploymentId: deployment.id,
        ...(status === undefined ? {} : { states: status }),
      });
      return { body: pageBody(page, (plan) => toPlanResponse(plan)) };
    },
    getOpenPlan: async ({ params }) => {
      const deployment = await findDeployment(deps, params.name);
      const plan = await inventory.plans.open(deployment.id);
      if (plan === null) throw notFound(`open plan of ${params.name}; make one with apply`);
      return { body: toPlanResponse(plan) };
    },
    getPlan: async ({ params }) => ({ body: toPlanResponse(await find(params.name, params.plan)) }),
    approvePlan: async ({ params, query, caller, signal }) => {
      await findLiving(deps, params.name);
      const plan = await inventory.plans.summary(params.plan);
      if (plan?.deployment !== params.name) throw notOf(params);
      if (plan.isTask) {
        const message = 'a task is approved when it is asked for; POST it to tasks again';
        throw new FormworkError('conflict', 'plan-stale', message);
      }
      const runId = await approveAs(deps, caller, plan);
      const run = await waitForRun({ feed: deps.feed, readRun: deps.runs.read }, runId, query.wait, signal);
      return { status: runEnded(run.state) ? 200 : 202, body: run };
    },
  };
}

/** Approves in somebody's name, who must reach every site that the plan touches. */
export async function approveAs(
  deps: ServerDeps,
  caller: Caller,
  plan: Pick<PlanRecord, 'id' | 'deploymentId' | 'deployment' | 'specificationVersion'>,
  taskParams: Parameters<typeof approve>[1]['taskParams'] = null,
): Promise<string> {
  const specification = await readSpecification(deps.db, plan.deploymentId, plan.specificationVersion);
  requireSites(caller, new Set(specification?.document.groups.map((group) => group.site) ?? []));
  const subject = `deployment:${plan.deployment}`;
  const after = { plan: plan.id, specificationVersion: plan.specificationVersion };
  const db = auditedDatabase(deps.db, () => auditEntry(caller, 'plan.approve', subject, null, after));
  const approved = await approve({ ...deps, db }, { planId: plan.id, actor: caller.actor, taskParams });
  return approved.runId;
}
