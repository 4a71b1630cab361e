import { checkValue, evaluateValue } from '@formwork/content';
import {
  canonicalJson,
  type Checked,
  FormworkError,
  indexContent,
  type Json,
  type Plan,
  planDeployment,
  type Problem,
  type Specification,
  validateSpecification,
} from '@formwork/core';
import {
  type DeploymentRow,
  readActual,
  readDeploymentByName,
  readLatestSpecification,
  readOpenPlan,
  readPacks,
  readSites,
  readSpecification,
  storeProposal,
} from '@formwork/db';
import { findFurtherProblems } from './find-further-problems.ts';
import type { PlanningDeps } from './planning-deps.ts';
import type { Proposal } from './proposal.ts';
import { resolveContent } from './resolve-content.ts';
import { sealParams } from './seal-params.ts';
import { storePlan } from './store-plan.ts';

const refused = (problems: readonly Problem[]): Checked<never> => ({ ok: false, problems });

/**
 * Takes a specification as far as an open plan: resolves its packs, checks it whole, plans, stores. With a problem
 * nothing is stored; an equal specification answers the open plan it already has.
 */
export async function proposeDeployment(
  deps: PlanningDeps,
  request: { readonly spec: Specification; readonly actor: string },
): Promise<Checked<Proposal>> {
  const { db } = deps;
  const deployment = await readDeploymentByName(db, request.spec.name);
  refuseWhileDestroying(deployment);
  const former = deployment === null ? null : await readLatestSpecification(db, deployment.id);
  const resolved = resolveContent(
    request.spec,
    await readPacks(db, null),
    former === null ? null : { spec: former.document, pins: former.packs },
  );
  if (!resolved.ok) {
    const further = await findFurtherProblems(deps, request.spec, resolved.problems);
    return refused([...resolved.problems, ...further]);
  }
  const { content, pins } = resolved.value;
  const index = indexContent(content);
  const sites = (await readSites(db)).map(deps.siteView);
  const actual = deployment === null ? null : await readActual(db, deployment);
  const problems = validateSpecification({ spec: request.spec, content, sites, actual, checkValue });
  if (problems.length > 0) return refused(problems);

  const deploymentId = deployment?.id ?? deps.newId();
  const scope = `deployment:${deploymentId}`;
  // Planned with the references that its secrets will have; they are stored once nothing can be refused any more.
  const spec = await sealParams((...secret) => deps.secrets.refer(...secret), index, scope, request.spec);
  const open = deployment === null ? null : await readOpenPlan(db, deployment.id);
  const same =
    former !== null &&
    canonicalJson(specJson(former.document)) === canonicalJson(specJson(spec)) &&
    canonicalJson(former.packs) === canonicalJson(pins);
  const planned = planDeployment({
    wanted: spec,
    actual: actual ?? { committed: null, committedVersion: 0, nodes: [], nodeRoles: [], founders: {}, once: {} },
    content,
    sites,
    evaluate: evaluateValue,
    purpose: 'apply',
  });
  if (!planned.ok) return planned;
  if (same && open !== null && open.purpose === 'apply' && samePlan(open.document, planned.value)) {
    return {
      ok: true,
      value: {
        planId: open.id,
        plan: open.document,
        deploymentId,
        specificationVersion: open.specificationVersion,
        created: false,
      },
    };
  }
  await sealParams((...secret) => deps.secrets.seal(...secret), index, scope, request.spec);
  const planId = deps.newId();
  const specificationVersion = await db.transaction((tx) =>
    storeProposal(tx, {
      deploymentId,
      planId,
      name: spec.name,
      expectedProposedVersion: deployment?.proposedVersion ?? 0,
      specification: same ? null : { document: spec, packs: pins },
      plan: planned.value,
      actor: request.actor,
    }),
  );
  return { ok: true, value: { planId, plan: planned.value, deploymentId, specificationVersion, created: true } };
}

/** The plan that takes everything away, over what is approved now. */
export async function proposeDestroy(
  deps: PlanningDeps,
  request: { readonly name: string; readonly actor: string },
): Promise<Checked<Proposal>> {
  const { db } = deps;
  const deployment = await readDeploymentByName(db, request.name);
  if (deployment === null)
    throw new FormworkError('not-found', 'deployment-not-found', `there is no deployment ${request.name}`);
  const latest =
    deployment.committedVersion === 0
      ? await readLatestSpecification(db, deployment.id)
      : await readSpecification(db, deployment.id, deployment.committedVersion);
  if (latest === null)
    throw new FormworkError('not-found', 'specification-not-found', `deployment ${request.name} was never planned`);
  const content = { packs: await readPacks(db, latest.packs) };
  const planned = planDeployment({
    wanted: latest.document,
    actual: await readActual(db, deployment),
    content,
    sites: (await readSites(db)).map(deps.siteView),
    evaluate: evaluateValue,
    purpose: 'destroy',
  });
  if (!planned.ok) return planned;
  const stored = { specificationVersion: latest.version, plan: planned.value, actor: request.actor };
  return { ok: true, value: await storePlan(deps, deployment, stored) };
}

function refuseWhileDestroying(deployment: DeploymentRow | null): void {
  if (deployment?.state !== 'destroying') return;
  throw new FormworkError(
    'conflict',
    'destroying',
    `deployment ${deployment.name} is being destroyed; its name is free again once the leak check is clean`,
  );
}

const samePlan = (a: Plan, b: Plan): boolean => canonicalJson(planJson(a)) === canonicalJson(planJson(b));

/** Both are plain data by construction. */
const specJson = (spec: Specification): Json => JSON.parse(JSON.stringify(spec)) as Json;
const planJson = (plan: Plan): Json => JSON.parse(JSON.stringify(plan)) as Json;
