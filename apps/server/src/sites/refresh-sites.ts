import type { Specification } from '@formwork/core';
import { readDeploymentByName, readNodes, readSites, type SiteRow } from '@formwork/db';
import type { ServerDeps } from '../deps.ts';
import { ask, answerTo, isServed } from './ask-site.ts';

/** A catalogue older than this is asked for again before a plan, milliseconds. */
const freshMs = 60_000;

/**
 * Has the sites of a specification looked at before it is planned: what they offer, and whether the machines that are
 * there still answer. Bounded: a plan without is better than none, and says so in the warnings that come back.
 */
export async function refreshSites(
  deps: ServerDeps,
  spec: Specification,
  actor: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const wanted = new Set(spec.groups.map((group) => group.site));
  const sites = (await readSites(deps.db)).filter((site) => wanted.has(site.name));
  const observed = await sitesToObserve(deps, spec.name);
  const warnings = await Promise.all(
    sites.map((site) => refreshSite(deps, site, observed.has(site.id), actor, signal)),
  );
  return warnings.flat();
}

/** Sites where machines of the deployment stand; none while a run moves them anyway. */
async function sitesToObserve(deps: ServerDeps, name: string): Promise<ReadonlySet<string>> {
  const deployment = await readDeploymentByName(deps.db, name);
  if (deployment === null || deployment.state === 'running' || deployment.state === 'destroying') return new Set();
  const nodes = await readNodes(deps.db, deployment.id);
  return new Set(
    nodes.filter((node) => node.state === 'ready' || node.state === 'unreachable').map((node) => node.siteId),
  );
}

async function refreshSite(
  deps: ServerDeps,
  site: SiteRow,
  observe: boolean,
  actor: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const seenMs = site.catalogue === null ? 0 : Date.parse(site.catalogue.at);
  const stale = deps.now().getTime() - seenMs > freshMs;
  if (!stale && !observe) return [];
  if (!(await isServed(deps, site.name))) {
    return [`no worker serves site ${site.name}: planned without looking at what it offers or what its machines do`];
  }
  const question = { site, params: {}, actor };
  const asked = await Promise.all([
    ...(stale ? [ask(deps, { ...question, kind: 'catalogue' as const })] : []),
    ...(observe ? [ask(deps, { ...question, kind: 'observe' as const })] : []),
  ]);
  const answers = await Promise.all(asked.map((id) => answerTo(deps, id, deps.limits.workerPatienceMs, signal)));
  if (answers.every((answer) => answer?.state === 'done')) return [];
  return [`site ${site.name} did not answer in time: planned by what was last seen of it`];
}
