import { checkValue } from '@formwork/content';
import {
  type Checked,
  declaredParams,
  FormworkError,
  indexContent,
  type Json,
  planTask,
  type Problem,
  suggest,
} from '@formwork/core';
import { readActual, readDeploymentByName, readPacks, readSites, readSpecification } from '@formwork/db';
import type { PlanningDeps } from './planning-deps.ts';
import type { Proposal } from './proposal.ts';
import { sealParam } from './seal-params.ts';
import { storePlan } from './store-plan.ts';

export interface TaskProposal {
  readonly name: string;
  readonly task: string;
  readonly nodes: readonly string[] | null;
  /** By full name, or by the role's own short name. */
  readonly params: Readonly<Record<string, Json>>;
  readonly actor: string;
}

/** Plans one run of a task; answers the plan and the parameters by full name, to be given with the approval. */
export async function proposeTask(
  deps: PlanningDeps,
  request: TaskProposal,
): Promise<Checked<Proposal & { readonly params: Readonly<Record<string, Json>> }>> {
  const { db } = deps;
  const deployment = await readDeploymentByName(db, request.name);
  if (deployment === null)
    throw new FormworkError('not-found', 'deployment-not-found', `there is no deployment ${request.name}`);
  if (deployment.state === 'running' || deployment.state === 'destroying') {
    throw new FormworkError(
      'conflict',
      'run-in-progress',
      `deployment ${request.name} is ${deployment.state}; a task runs when nothing else does`,
    );
  }
  const committed =
    deployment.committedVersion === 0 ? null : await readSpecification(db, deployment.id, deployment.committedVersion);
  if (committed === null)
    throw new FormworkError('conflict', 'not-deployed', `deployment ${request.name} was never approved`);
  const content = { packs: await readPacks(db, committed.packs) };
  const index = indexContent(content);
  const params = checkParams(index, request);
  if (!params.ok) return params;
  const planned = planTask({
    task: request.task,
    nodes: request.nodes,
    wanted: committed.document,
    actual: await readActual(db, deployment),
    content,
    sites: (await readSites(db)).map(deps.siteView),
  });
  if (!planned.ok) return planned;
  const sealed = await sealTaskParams(deps, index, deployment.id, params.value);
  const stored = { specificationVersion: committed.version, plan: planned.value, actor: request.actor };
  return { ok: true, value: { ...(await storePlan(deps, deployment, stored)), params: sealed } };
}

function checkParams(
  index: ReturnType<typeof indexContent>,
  request: TaskProposal,
): Checked<Readonly<Record<string, Json>>> {
  const role = index.roles.get(request.task);
  if (role === undefined) return { ok: true, value: {} };
  const declared = new Map(declaredParams(index, role).map((declaration) => [declaration.fullName, declaration]));
  const problems: Problem[] = [];
  const params: Record<string, Json> = {};
  for (const [given, value] of Object.entries(request.params)) {
    const fullName = declared.has(given) ? given : `${role.name}.${given}`;
    const declaration = declared.get(fullName);
    const path = `$.params.${given}`;
    if (declaration === undefined) {
      problems.push({
        code: 'unknown-param',
        path,
        message: `${request.task} has no parameter ${given}`,
        remedy: suggest(given, [...declared.keys()]) ?? '',
      });
      continue;
    }
    problems.push(
      ...checkValue(declaration.schema, value).map((problem) => ({
        ...problem,
        path: problem.path.replace('$', path),
      })),
    );
    params[fullName] = value;
  }
  return problems.length === 0 ? { ok: true, value: params } : { ok: false, problems };
}

/** Secret values become references before anything is stored, as in a specification. */
async function sealTaskParams(
  deps: PlanningDeps,
  index: ReturnType<typeof indexContent>,
  deploymentId: string,
  params: Readonly<Record<string, Json>>,
): Promise<Readonly<Record<string, Json>>> {
  const sealed: [string, Json][] = [];
  for (const [name, value] of Object.entries(params)) {
    sealed.push([
      name,
      await sealParam(
        (...secret) => deps.secrets.seal(...secret),
        index,
        `deployment:${deploymentId}`,
        'task',
        name,
        value,
      ),
    ]);
  }
  return Object.fromEntries(sealed);
}
