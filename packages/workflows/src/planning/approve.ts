import { FormworkError, indexContent, type Json } from '@formwork/core';
import {
  approvePlan,
  type Database,
  readDeployment,
  readPacks,
  readPlanHead,
  readSites,
  readSpecification,
} from '@formwork/db';
import { generateDeploymentKeyPair } from '../runner/deployment-key-pair.ts';
import type { PlanningDeps } from './planning-deps.ts';

export interface ApprovalRequest {
  readonly planId: string;
  readonly actor: string;
  /** Values given with a task, by full name. */
  readonly taskParams: Readonly<Record<string, Json>> | null;
}

/** Approves a plan: from here on the scheduler has a run. The deployment's SSH key pair is made with the first one. */
export async function approve(
  deps: PlanningDeps & { readonly db: Database },
  request: ApprovalRequest,
): Promise<{ readonly runId: string; readonly deploymentId: string }> {
  const { db } = deps;
  const plan = await readPlanHead(db, request.planId);
  if (plan === null) throw new FormworkError('not-found', 'plan-not-found', 'there is no such plan');
  const [deployment, specification, sites] = await Promise.all([
    readDeployment(db, plan.deploymentId),
    readSpecification(db, plan.deploymentId, plan.specificationVersion),
    readSites(db),
  ]);
  if (deployment === null || specification === null)
    throw new FormworkError('not-found', 'deployment-not-found', 'the deployment of this plan is gone');
  const index = indexContent({ packs: await readPacks(db, specification.packs) });
  const sshKey =
    deployment.sshPublicKey === null && plan.purpose === 'apply'
      ? await makeKey(deps, deployment.id, deployment.name)
      : null;
  return db.transaction((tx) =>
    approvePlan(tx, {
      planId: plan.id,
      actor: request.actor,
      newId: deps.newId,
      siteIds: Object.fromEntries(sites.map((site) => [site.name, site.id])),
      sshKey,
      taskParams: request.taskParams,
      roleDigest: (name) => {
        const role = index.roles.get(name);
        if (role === undefined)
          throw new FormworkError(
            'conflict',
            'plan-outdated',
            `role ${name} is not in the packs of this plan; plan again`,
          );
        return role.digest;
      },
    }),
  );
}

async function makeKey(
  deps: PlanningDeps,
  deploymentId: string,
  name: string,
): Promise<{ readonly publicKey: string; readonly privateKeyReference: string }> {
  const pair = generateDeploymentKeyPair(`formwork-${name}`);
  const { $secret } = await deps.secrets.seal(`deployment:${deploymentId}`, 'ssh-key', pair.privateKey);
  return { publicKey: pair.publicKey, privateKeyReference: $secret.ref };
}
