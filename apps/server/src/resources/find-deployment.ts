import { FormworkError } from '@formwork/core';
import type { DeploymentRecord } from '@formwork/db';
import type { ServerDeps } from '../deps.ts';
import { notFound } from '../http/problems.ts';

/** The living deployment of a name, else the last destroyed one; throws `not-found`. */
export async function findDeployment(deps: Pick<ServerDeps, 'inventory'>, name: string): Promise<DeploymentRecord> {
  const deployment = await deps.inventory.deployments.byName(name);
  if (deployment === null) throw notFound(`deployment ${name}`);
  return deployment;
}

/** For what changes it: a destroyed one is nobody's any more. */
export async function findLiving(deps: Pick<ServerDeps, 'inventory'>, name: string): Promise<DeploymentRecord> {
  const deployment = await findDeployment(deps, name);
  if (deployment.state === 'destroyed') throw notFound(`deployment ${name}: it was destroyed`);
  return deployment;
}

export const noLiveRun = (name: string): FormworkError =>
  new FormworkError('conflict', 'no-live-run', `no run of deployment ${name} is live`);
