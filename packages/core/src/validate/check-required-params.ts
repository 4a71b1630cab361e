import { declaredParams } from '../params.ts';
import { wantedNodes } from '../graph/wanted-nodes.ts';
import type { Problem } from '../problem.ts';
import type { RoleDefinition } from '../role.ts';
import { paramSegments } from './check-params.ts';
import { jsonPath } from './json-path.ts';
import type { BoundGroup, SpecificationCheck, SpecificationContext } from './specification-context.ts';

/** Parameters without a default that a bound role reads and that no layer sets. */
export const checkRequiredParams: SpecificationCheck = (context) => {
  const missing = new Map<string, Problem>();
  const look = (role: RoleDefinition, bound: BoundGroup | null): void => {
    for (const { fullName, default: value } of declaredParams(context.index, role)) {
      if (value !== undefined || missing.has(fullName) || isSet(fullName, role, bound, context)) continue;
      missing.set(fullName, {
        code: 'missing-param',
        path: jsonPath(['params', ...paramSegments(fullName)]),
        message: `the role '${role.name}' reads '${fullName}', which has no default and is not set`,
        remedy: 'set it under params',
      });
    }
  };
  for (const role of context.ownRoles.values()) look(role, null);
  for (const bound of context.groups) for (const role of bound.roles.values()) look(role, bound);
  return [...missing.values()];
};

function isSet(name: string, role: RoleDefinition, bound: BoundGroup | null, context: SpecificationContext): boolean {
  const { spec, index, workflow } = context;
  const layers = [
    spec.params,
    bound?.group.params ?? {},
    bound?.site?.params ?? {},
    ...spec.profiles.map((profile) => index.profiles.get(profile)?.params ?? {}),
  ];
  if (layers.some((layer) => Object.hasOwn(layer, name))) return true;
  const items = (workflow?.stages ?? [])
    .flatMap((stage) => [...stage.deployment, ...Object.values(stage.nodes).flat()])
    .filter((item) => item.role === role.name || role.provides.includes(item.role));
  if (items.length > 0 && items.every((item) => Object.hasOwn(item.params, name))) return true;
  if (bound === null) return false;
  const nodes = wantedNodes({ ...spec, groups: [bound.group] });
  return nodes.every((node) => Object.hasOwn(bound.group.nodes[node.name]?.params ?? {}, name));
}
