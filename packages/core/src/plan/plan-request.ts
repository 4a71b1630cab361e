import type { Actual, SiteView } from '../actual.ts';
import type { Content } from '../role.ts';
import type { Specification } from '../specification.ts';
import type { Evaluate } from './predict.ts';

export interface PlanRequest {
  readonly wanted: Specification;
  readonly actual: Actual;
  readonly content: Content;
  readonly sites: readonly SiteView[];
  readonly evaluate: Evaluate;
  readonly purpose: 'apply' | 'destroy';
}

/** The role that is a site's machine, for nodes whose own node-role is not stored. */
export const machineRoleOf =
  (sites: readonly SiteView[]) =>
  (site: string): string =>
    sites.find((candidate) => candidate.name === site)?.capabilities['machine-ready'] ?? 'machine';
