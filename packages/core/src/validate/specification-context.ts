import type { Actual, SiteView } from '../actual.ts';
import type { ContentIndex } from '../graph/content-index.ts';
import { resolveRole } from '../graph/content-index.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Problem } from '../problem.ts';
import type { RoleDefinition, Workflow } from '../role.ts';
import type { NodeGroup, Specification } from '../specification.ts';
import { rolesOfDeployment, rolesOfSlots } from './bound-roles.ts';

/** What is wrong with a value by its JSON Schema; paths relative to the value. packages/content has it. */
export type CheckValue = (schema: JsonObject, value: Json) => readonly Problem[];

export interface ValidationRequest {
  readonly spec: Specification;
  /** The packs the specification resolves to. */
  readonly index: ContentIndex;
  readonly sites: readonly SiteView[];
  /** What is there; null for a deployment that is not there yet. */
  readonly actual: Actual | null;
  readonly checkValue: CheckValue;
}

/** A group with what its names stand for. */
export interface BoundGroup {
  readonly group: NodeGroup;
  readonly index: number;
  readonly site: SiteView | null;
  /** Roles on its nodes, those pulled in by `requires` too; by name. */
  readonly roles: ReadonlyMap<string, RoleDefinition>;
}

export interface SpecificationContext extends ValidationRequest {
  readonly workflow: Workflow | null;
  readonly groups: readonly BoundGroup[];
  /** Roles of the deployment itself; by name. */
  readonly ownRoles: ReadonlyMap<string, RoleDefinition>;
  /** Roles of all groups and of the deployment; by name. */
  readonly allRoles: ReadonlyMap<string, RoleDefinition>;
}

export type SpecificationCheck = (context: SpecificationContext) => readonly Problem[];

export function specificationContext(request: ValidationRequest): SpecificationContext {
  const { spec, index, sites } = request;
  const workflow = index.workflows.get(spec.workflow) ?? null;
  const none: ReadonlyMap<string, RoleDefinition> = new Map();
  const groups = spec.groups.map((group, at): BoundGroup => {
    const site = sites.find((candidate) => candidate.name === group.site) ?? null;
    const resolve = (name: string): RoleDefinition | null => resolveRole(index, site, name);
    if (workflow === null) return { group, index: at, site, roles: none };
    // A misspelt slot may be any of them: all are taken, so that only the slot itself is reported.
    const known = group.roles.every((slot) => Object.hasOwn(workflow.slots, slot));
    const slots = known ? group.roles : Object.keys(workflow.slots);
    return { group, index: at, site, roles: rolesOfSlots(workflow, slots, resolve) };
  });
  const anySite = groups.find(({ site }) => site !== null)?.site ?? null;
  const ownRoles = workflow === null ? none : rolesOfDeployment(workflow, (name) => resolveRole(index, anySite, name));
  const allRoles = new Map([...ownRoles, ...groups.flatMap(({ roles }) => [...roles])]);
  return { ...request, workflow, groups, ownRoles, allRoles };
}
