import type { Json } from '../json.ts';
import { sameJson } from '../json.ts';
import type { Problem } from '../problem.ts';
import type { NodeGroup } from '../specification.ts';
import type { SpecificationCheck } from './specification-context.ts';

const fixedKeys = ['site', 'image', 'size', 'capabilities', 'roles'] as const;

/** What cannot be changed under nodes that are there: the workflow, and what a group's machines are made of. */
export const checkChanges: SpecificationCheck = ({ spec, groups, actual }) => {
  const committed = actual?.committed ?? null;
  if (actual === null || committed === null) return [];
  const problems: Problem[] = [];
  const isThere = actual.nodes.length > 0 || actual.nodeRoles.length > 0;
  if (isThere && committed.workflow !== spec.workflow) {
    problems.push({
      code: 'fixed',
      path: '$.workflow',
      message: `the deployment runs the workflow '${committed.workflow}', which cannot become '${spec.workflow}'`,
      remedy: 'make a second deployment, or destroy this one and create it anew',
    });
  }
  for (const { group, index } of groups) {
    const before = committed.groups.find((other) => other.name === group.name);
    if (before === undefined || !actual.nodes.some((node) => node.group === group.name)) continue;
    for (const key of fixedKeys) {
      const from = fixed(before, key);
      const to = fixed(group, key);
      if (sameJson(from, to)) continue;
      problems.push({
        code: 'fixed',
        path: `$.groups[${index}].${key}`,
        message: `'${key}' of the group '${group.name}' cannot change from ${JSON.stringify(from)} to ${JSON.stringify(to)}: its nodes are there`,
        remedy: `add a second group with the new ${key}, apply, then take '${group.name}' out; or destroy the deployment and create it anew`,
      });
    }
  }
  return problems;
};

function fixed(group: NodeGroup, key: (typeof fixedKeys)[number]): Json {
  const value = group[key];
  return typeof value === 'object' && value !== null && 'length' in value ? [...value].sort() : asJson(value);
}

const asJson = (value: string | NodeGroup['size']): Json =>
  value === null || typeof value === 'string'
    ? value
    : Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));
