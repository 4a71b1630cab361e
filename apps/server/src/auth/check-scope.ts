import type { RouteContract } from '@formwork/api';
import { FormworkError } from '@formwork/core';
import type { Inventory } from '@formwork/db';
import { type Caller, reaches, reachesAll } from './caller.ts';

type Params = Readonly<Record<string, string | undefined>>;

/**
 * Refuses what the path names outside of the caller's scope, before anything is read of the body. What does not exist
 * is judged by its name, so that a narrow token cannot tell what there is beyond its scope.
 */
export async function checkScope(
  inventory: Inventory,
  contract: RouteContract,
  caller: Caller,
  params: Params,
): Promise<void> {
  if (contract.scope === 'none') return;
  const allowed =
    contract.scope === 'site'
      ? await reachesSite(inventory, caller, params)
      : await reachesDeployment(inventory, caller, params);
  if (allowed) return;
  throw new FormworkError('denied', 'forbidden', 'your token does not reach this; ask for one with a wider scope');
}

async function reachesSite(inventory: Inventory, caller: Caller, params: Params): Promise<boolean> {
  if (params['node'] !== undefined) {
    if (reachesAll(caller, 'site') && reachesAll(caller, 'deployment')) return true;
    const node = await inventory.nodes.find(params['node']);
    if (node === null || !reaches(caller, 'site', node.site, node.siteId)) return false;
    return node.deployment === null || reaches(caller, 'deployment', node.deployment, node.deploymentId);
  }
  if (reachesAll(caller, 'site')) return true;
  const site = await inventory.sites.find(params['site'] ?? '');
  return reaches(caller, 'site', site?.name ?? params['site'] ?? '', site?.id ?? null);
}

async function reachesDeployment(inventory: Inventory, caller: Caller, params: Params): Promise<boolean> {
  if (reachesAll(caller, 'deployment')) return true;
  if (params['run'] !== undefined) {
    const run = await inventory.runs.find(params['run']);
    return run !== null && reaches(caller, 'deployment', run.deployment, run.deploymentId);
  }
  const deployment = await inventory.deployments.byName(params['name'] ?? '');
  return reaches(caller, 'deployment', params['name'] ?? '', deployment?.id ?? null);
}
