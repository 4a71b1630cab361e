import { resolveRole } from '../graph/content-index.ts';
import { suggest } from '../nearest.ts';
import type { Problem } from '../problem.ts';
import type { RoleDefinition } from '../role.ts';
import { findCycles } from './cycles.ts';
import { roleWaits } from './role-order.ts';
import type { BoundGroup, SpecificationCheck, SpecificationContext } from './specification-context.ts';

/** Roles that the workflow binds: there, provided on every site, without conflict, cycle or missing producer. */
export const checkRoles: SpecificationCheck = (context) => [
  ...context.groups.flatMap((group) => [...unresolved(group, context), ...conflicts(group)]),
  ...unresolvedOfDeployment(context),
  ...missingProducers(context),
  ...cycles(context),
];

/** Names in stages and in `requires` that stand for no role on this group's site. */
function unresolved({ group, index: at, site, roles }: BoundGroup, context: SpecificationContext): Problem[] {
  const { workflow, index } = context;
  if (workflow === null || site === null) return [];
  const staged = workflow.stages.flatMap(({ nodes }) => ['*', ...group.roles].flatMap((slot) => nodes[slot] ?? []));
  const asked = [
    ...staged.map((item) => ({ name: item.role, by: `the workflow '${workflow.name}'` })),
    ...[...roles.values()].flatMap((role) =>
      role.requires.map((requirement) => ({ name: requirement.role, by: `the role '${role.name}'` })),
    ),
  ];
  return asked.flatMap(({ name, by }) => {
    if (resolveRole(index, site, name) !== null) return [];
    const ofSite = site.capabilities[name];
    if (ofSite !== undefined) return [noSuchRole(`$.groups[${at}].site`, name, by, ofSite, site.name)];
    return [unresolvedProblem(`$.groups[${at}].site`, name, by, `on the site '${site.name}'`, context)];
  });
}

function unresolvedOfDeployment(context: SpecificationContext): Problem[] {
  const { workflow, index } = context;
  if (workflow === null) return [];
  const items = workflow.stages.flatMap(({ deployment }) => deployment);
  return items.flatMap(({ role }) =>
    resolveRole(index, null, role) === null
      ? [unresolvedProblem('$.workflow', role, `the workflow '${workflow.name}'`, 'in its packs', context)]
      : [],
  );
}

/** The site's provider says which role it is, so it does not matter how many others provide it too. */
function noSuchRole(path: string, name: string, by: string, role: string, site: string): Problem {
  const message = `${by} asks for '${name}', which is the role '${role}' on the site '${site}', and no pack has that role`;
  return { code: 'missing-requirement', path, message, remedy: `add a pack with the role '${role}' to \`packs\`` };
}

function unresolvedProblem(
  path: string,
  name: string,
  by: string,
  where: string,
  { index }: SpecificationContext,
): Problem {
  const providers = index.providers.get(name) ?? [];
  if (providers.length > 1) {
    const names = providers.map((role) => role.name).join(', ');
    const message = `${by} asks for '${name}', which several roles provide: ${names}`;
    return { code: 'ambiguous-capability', path, message, remedy: 'name the role in the workflow' };
  }
  const remedy = suggest(name, [...index.roles.keys(), ...index.providers.keys()]);
  const message = `${by} asks for '${name}', and nothing ${where} is or provides it`;
  return { code: 'missing-requirement', path, message, ...(remedy === undefined ? {} : { remedy }) };
}

function conflicts({ group, index, roles }: BoundGroup): Problem[] {
  const problems = new Map<string, Problem>();
  for (const role of roles.values()) {
    for (const name of role.conflicts) {
      const others = [...roles.values()].filter((other) => other.name === name || other.provides.includes(name));
      for (const other of others) {
        if (other.name === role.name) continue;
        const pair = [role.name, other.name].sort();
        problems.set(pair.join(), {
          code: 'conflict',
          path: `$.groups[${index}].roles`,
          message: `'${pair.join("' and '")}' cannot be on one node, and '${group.name}' has both`,
          remedy: 'put them into groups of their own',
        });
      }
    }
  }
  return [...problems.values()];
}

/** `needs`, `runsOn` and `restOf` bind nothing: the other role must be bound somewhere. */
function missingProducers({ workflow, index, allRoles }: SpecificationContext): Problem[] {
  if (workflow === null) return [];
  const bound = new Set([...allRoles.values()].flatMap((role) => [role.name, ...role.provides]));
  for (const stage of workflow.stages) {
    for (const item of [...stage.deployment, ...Object.values(stage.nodes).flat()]) {
      const role = resolveRole(index, null, item.role);
      if (role !== null && bound.has(role.name)) bound.add(item.as);
    }
  }
  return [...allRoles.values()].flatMap((role) => {
    const wanted = [
      ...role.needs.filter((need) => !need.optional).map((need) => need.role),
      ...(role.runsOn === null ? [] : [role.runsOn]),
      ...(role.restOf === null ? [] : [role.restOf]),
    ];
    return [...new Set(wanted)].flatMap((name) => {
      if (bound.has(name)) return [];
      const slots = Object.keys(workflow.slots).filter((slot) =>
        workflow.stages.some(({ nodes }) => nodes[slot]?.some((item) => item.role === name || item.as === name)),
      );
      return [
        {
          code: 'missing-producer',
          path: slots.length > 0 ? '$.groups' : '$.workflow',
          message: `'${role.name}' needs '${name}', which nothing in this deployment binds`,
          remedy:
            slots.length > 0
              ? `add a group with roles: [${slots[0] ?? ''}]`
              : `name '${name}' in a stage of the workflow`,
        },
      ];
    });
  });
}

function cycles({ workflow, index, groups, allRoles }: SpecificationContext): Problem[] {
  if (workflow === null) return [];
  const site = groups.find((group) => group.site !== null)?.site ?? null;
  const resolve = (name: string): RoleDefinition | null => resolveRole(index, site, name);
  return findCycles(roleWaits([...allRoles.values()], resolve)).map((cycle) => ({
    code: 'cycle',
    path: '$.workflow',
    message: `these roles wait for each other by requires, needs or after: ${[...cycle, cycle[0] ?? ''].join(' -> ')}`,
    remedy: 'take one of these relations out of the packs',
  }));
}
