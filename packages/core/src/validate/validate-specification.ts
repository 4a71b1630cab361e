import type { Actual, SiteView } from '../actual.ts';
import { indexContent } from '../graph/content-index.ts';
import type { Problem } from '../problem.ts';
import type { Content } from '../role.ts';
import type { Specification } from '../specification.ts';
import { checkChanges } from './check-changes.ts';
import { checkGroups } from './check-groups.ts';
import { checkImmutable } from './check-immutable.ts';
import { checkMachines } from './check-machines.ts';
import { checkParams } from './check-params.ts';
import { checkRequiredParams } from './check-required-params.ts';
import { checkRoles } from './check-roles.ts';
import { checkSlots } from './check-slots.ts';
import { specificationContext } from './specification-context.ts';
import type { CheckValue, SpecificationCheck } from './specification-context.ts';

const checks: readonly SpecificationCheck[] = [
  checkGroups,
  checkSlots,
  checkRoles,
  checkParams,
  checkRequiredParams,
  checkMachines,
  checkChanges,
  checkImmutable,
];

/**
 * Everything wrong with a specification, at once, before anything is planned: names, slots, parameters, machines, roles,
 * and changes that what is there does not allow. Empty when it may be planned. Pure; `checkValue` is packages/content's.
 */
export function validateSpecification(request: {
  readonly spec: Specification;
  readonly content: Content;
  readonly sites: readonly SiteView[];
  /** What is there; null for a deployment that is not there yet. */
  readonly actual: Actual | null;
  readonly checkValue: CheckValue;
}): Problem[] {
  const { content, ...rest } = request;
  const context = specificationContext({ ...rest, index: indexContent(content) });
  const found = new Map<string, Problem>();
  for (const problem of checks.flatMap((check) => check(context))) {
    found.set(`${problem.code} ${problem.path} ${problem.message}`, problem);
  }
  return [...found.values()];
}
