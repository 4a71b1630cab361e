import { routes, runEnded } from '@formwork/api';
import { FormworkError, isJsonArray, type Json, type Problem, type Specification } from '@formwork/core';
import { auditedDatabase, type DeploymentRecord, requireVersion } from '@formwork/db';
import { findFurtherProblems, proposeDeployment, proposeDestroy } from '@formwork/workflows';
import { reachableIds, requireSites } from '../auth/caller.ts';
import type { ServerDeps } from '../deps.ts';
import { auditEntry } from '../http/audit.ts';
import { encodeCursor, pageRequest } from '../http/cursor.ts';
import { createEncodedItems } from '../http/encoded-items.ts';
import { foreignSecrets } from '../http/foreign-secrets.ts';
import type { Handlers } from '../http/handler.ts';
import { invalidSpecification, notFound } from '../http/problems.ts';
import { toJson } from '../http/to-json.ts';
import { waitForRun } from '../http/wait-for-run.ts';
import { refreshSites } from '../sites/refresh-sites.ts';
import { storedStates, toDeploymentResponse } from './deployment-response.ts';
import { findLiving } from './find-deployment.ts';
import { parseDocument } from './parse-document.ts';
import { toPlanResponse } from './plan-response.ts';
import { approveAs } from './plans.ts';
import type { RunReader } from './read-run.ts';

type Operations = 'listDeployments' | 'applyDeployment' | 'getDeployment' | 'destroyDeployment';

export function deploymentHandlers(deps: ServerDeps & { readonly runs: RunReader }): Pick<Handlers, Operations> {
  const { inventory } = deps;
  const encoded = createEncodedItems('listDeployments', routes.listDeployments);
  const read = async (ids: readonly string[]) =>
    (await inventory.deployments.byIds(ids)).map((deployment) => ({
      id: deployment.id,
      tag: deployment.tag,
      version: deployment.version,
      item: toDeploymentResponse(deployment),
      stays: true,
    }));
  const readPlan = async (id: string) => {
    const plan = await inventory.plans.find(id);
    if (plan === null) throw notFound(`plan ${id}`);
    return plan;
  };
  return {
    listDeployments: async ({ query, caller }) => {
      const page = await inventory.deployments.list({
        ...pageRequest(query),
        ids: await reachableIds(caller, 'deployment', () => inventory.deployments.names()),
        ...storedStates(query.state),
        ...(query.workflow === undefined ? {} : { workflow: query.workflow }),
      });
      const next = page.next === null ? null : encodeCursor(page.next);
      if (query.fields === undefined) return encoded.page(page.items, next, read);
      const made = new Map((await read(page.items.map(({ id }) => id))).map(({ id, item }) => [id, item]));
      return { body: { items: page.items.flatMap(({ id }) => made.get(id) ?? []), next } };
    },
    getDeployment: async ({ params }) => {
      const found = await inventory.deployments.tag(params.name);
      if (found === null) throw notFound(`deployment ${params.name}`);
      const answer = await encoded.one(found, async () => (await read([found.id]))[0] ?? null);
      if (answer === null) throw notFound(`deployment ${params.name}`);
      return answer;
    },
    applyDeployment: async ({ params, body, caller, ifMatch, signal }) => {
      const { parsed, locate } = parseDocument(body);
      if (!parsed.ok) {
        const { draft, problems } = parsed;
        const further = draft === null ? [] : await findFurtherProblems(deps, draft, problems);
        throw invalidSpecification(locate([...problems, ...further]));
      }
      const spec = parsed.value;
      const known = await inventory.deployments.byName(params.name);
      const living = known?.state === 'destroyed' ? null : known;
      checkVersion(params.name, living, ifMatch);
      const problems = problemsOfRequest(spec, params.name, living);
      if (problems.length > 0) throw invalidSpecification(locate(problems));
      requireSites(caller, sitesOf(spec, living?.specification ?? null));
      const warnings = await refreshSites(deps, spec, caller.actor, signal);
      const db = auditedDatabase(deps.db, (version) =>
        auditEntry(caller, 'deployment.propose', `deployment:${params.name}`, versionsOf(living), {
          specificationVersion: version,
        }),
      );
      const proposed = await proposeDeployment({ ...deps, db }, { spec, actor: caller.actor });
      if (!proposed.ok) throw invalidSpecification(locate(proposed.problems));
      const plan = await readPlan(proposed.value.planId);
      return { status: proposed.value.created ? 201 : 200, body: toPlanResponse(plan, warnings) };
    },
    destroyDeployment: async ({ params, query, caller, ifMatch, signal }) => {
      const deployment = await findLiving(deps, params.name);
      requireVersion(`deployment ${params.name}`, deployment.version, ifMatch);
      requireSites(caller, sitesOf(deployment.specification));
      const db = auditedDatabase(deps.db, () =>
        auditEntry(caller, 'deployment.propose-destroy', `deployment:${params.name}`, versionsOf(deployment), null),
      );
      const proposed = await proposeDestroy({ ...deps, db }, { name: params.name, actor: caller.actor });
      if (!proposed.ok) throw invalidSpecification(proposed.problems);
      const plan = await readPlan(proposed.value.planId);
      if (query.approve !== true) return { body: { plan: toPlanResponse(plan), run: null } };
      const runId = await approveAs(deps, caller, plan);
      const run = await waitForRun({ feed: deps.feed, readRun: deps.runs.read }, runId, query.wait, signal);
      const approved = toPlanResponse(await readPlan(plan.id));
      return { status: runEnded(run.state) ? 200 : 202, body: { plan: approved, run } };
    },
  };
}

/** The audit log names versions: what a proposal holds is stored with them, its secrets sealed. */
const versionsOf = (deployment: DeploymentRecord | null) =>
  deployment === null
    ? null
    : { proposedVersion: deployment.proposedVersion, committedVersion: deployment.committedVersion };

const sitesOf = (...specifications: readonly (Specification | null)[]): ReadonlySet<string> =>
  new Set(specifications.flatMap((specification) => specification?.groups.map((group) => group.site) ?? []));

function checkVersion(name: string, living: DeploymentRecord | null, ifMatch: number | null): void {
  if (ifMatch === null) return;
  if (living === null) {
    throw new FormworkError(
      'conflict',
      'precondition-failed',
      `there is no deployment ${name} that If-Match could fit`,
    );
  }
  requireVersion(`deployment ${name}`, living.version, ifMatch);
}

/** What is wrong before anything is looked up: another name than the path's, secrets of others, what no database holds. */
function problemsOfRequest(spec: Specification, name: string, living: DeploymentRecord | null): readonly Problem[] {
  const problems: Problem[] = [];
  if (spec.name !== name) {
    const message = `the specification names the deployment ${spec.name}, the path ${name}`;
    problems.push({ code: 'name-mismatch', path: '$.name', message, remedy: 'make the two alike' });
  }
  const document = toJson(spec);
  problems.push(...foreignSecrets(document, [], living === null ? null : `deployment:${living.id}/param `));
  if (holdsNul(document)) {
    problems.push({ code: 'not-storable', path: '$', message: 'a text in it holds a NUL character' });
  }
  return problems;
}

const holdsNul = (value: Json): boolean => {
  if (typeof value === 'string') return value.includes('\0');
  if (value === null || typeof value !== 'object') return false;
  if (isJsonArray(value)) return value.some(holdsNul);
  return Object.entries(value).some(([key, item]) => key.includes('\0') || holdsNul(item));
};
