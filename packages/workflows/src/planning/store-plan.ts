import type { Plan } from '@formwork/core';
import { type DeploymentRow, storeProposal } from '@formwork/db';
import type { PlanningDeps } from './planning-deps.ts';
import type { Proposal } from './proposal.ts';

/** Stores a plan over a specification that the deployment already has: to destroy it, or to run a task in it. */
export async function storePlan(
  deps: PlanningDeps,
  deployment: DeploymentRow,
  stored: { readonly specificationVersion: number; readonly plan: Plan; readonly actor: string },
): Promise<Proposal> {
  const planId = deps.newId();
  const { id: deploymentId, name, proposedVersion: expectedProposedVersion } = deployment;
  await deps.db.transaction((tx) =>
    storeProposal(tx, { deploymentId, planId, name, expectedProposedVersion, specification: null, ...stored }),
  );
  const { specificationVersion, plan } = stored;
  return { planId, plan, deploymentId, specificationVersion, created: true };
}
