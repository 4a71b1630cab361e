import { checkValue } from '@formwork/content';
import {
  type Content,
  isJsonArray,
  isJsonObject,
  type Json,
  type Pack,
  parseJsonPath,
  type Problem,
  type Specification,
  validateSpecification,
} from '@formwork/core';
import { readActual, readDeploymentByName, readLatestSpecification, readPacks, readSites } from '@formwork/db';
import type { PlanningDeps } from './planning-deps.ts';
import { resolveContent } from './resolve-content.ts';

/**
 * Everything else that is wrong with a specification whose shape is wrong already, so that its author hears of it all
 * at once. What only follows from a known problem is left out.
 */
export async function findFurtherProblems(
  deps: PlanningDeps,
  draft: Specification,
  known: readonly Problem[],
): Promise<readonly Problem[]> {
  const { db } = deps;
  const deployment = await readDeploymentByName(db, draft.name);
  const [former, packs, sites, actual] = await Promise.all([
    deployment === null ? null : readLatestSpecification(db, deployment.id),
    readPacks(db, null),
    readSites(db),
    deployment === null ? null : readActual(db, deployment),
  ]);
  const resolved = resolveContent(draft, packs, former === null ? null : { spec: former.document, pins: former.packs });
  const content = resolved.ok ? resolved.value.content : newestOf(packs);
  const found = [
    ...(resolved.ok ? [] : resolved.problems),
    ...validateSpecification({ spec: draft, content, sites: sites.map(deps.siteView), actual, checkValue }),
  ];
  return found.filter((problem, index) => {
    const earlier = [...known, ...found.slice(0, index)];
    return (
      !isBlank(draft, problem.path) && !earlier.some((one) => one.path !== '$' && problem.path.startsWith(one.path))
    );
  });
}

/** For looking at a specification whose own packs cannot be told: the last stored version of each. */
const newestOf = (packs: readonly Pack[]): Content => ({
  packs: [...new Map(packs.map((pack) => [pack.name, pack])).values()],
});

/** Whether the draft has a blank there, because what was given could not be read. */
function isBlank(draft: Specification, path: string): boolean {
  let at: Json | undefined = JSON.parse(JSON.stringify(draft)) as Json;
  for (const segment of parseJsonPath(path) ?? []) {
    if (at !== undefined && isJsonObject(at)) at = at[segment];
    else if (at !== undefined && at !== null && typeof at === 'object' && isJsonArray(at)) at = at[Number(segment)];
    else return false;
  }
  return at === '';
}
