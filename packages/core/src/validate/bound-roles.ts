import type { RoleDefinition, Workflow } from '../role.ts';
import type { ResolveRole } from './role-order.ts';

/** Roles that a stage names for one slot, and those that their `requires` pull in; by name. */
export function rolesOfSlots(
  workflow: Workflow,
  slots: readonly string[],
  resolve: ResolveRole,
): ReadonlyMap<string, RoleDefinition> {
  const names = workflow.stages.flatMap(({ nodes }) => ['*', ...slots].flatMap((slot) => nodes[slot] ?? []));
  return withRequired(
    names.map((item) => item.role),
    resolve,
  );
}

/** Roles of the deployment itself; by name. */
export function rolesOfDeployment(workflow: Workflow, resolve: ResolveRole): ReadonlyMap<string, RoleDefinition> {
  return withRequired(
    workflow.stages.flatMap(({ deployment }) => deployment.map((item) => item.role)),
    resolve,
  );
}

function withRequired(names: readonly string[], resolve: ResolveRole): ReadonlyMap<string, RoleDefinition> {
  const found = new Map<string, RoleDefinition>();
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const role = resolve(name);
    if (role === null || found.has(role.name)) continue;
    found.set(role.name, role);
    queue.push(...role.requires.map((requirement) => requirement.role));
  }
  return found;
}
