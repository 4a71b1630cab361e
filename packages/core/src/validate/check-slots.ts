import { suggest } from '../nearest.ts';
import type { Problem } from '../problem.ts';
import type { SpecificationCheck } from './specification-context.ts';

/** Slots that groups fill: known to the workflow, with enough nodes and not too many. */
export const checkSlots: SpecificationCheck = ({ workflow, groups }) => {
  if (workflow === null) return [];
  const problems: Problem[] = [];
  const slots = Object.keys(workflow.slots);
  for (const { group, index } of groups) {
    for (const [at, slot] of group.roles.entries()) {
      if (Object.hasOwn(workflow.slots, slot)) continue;
      const remedy = suggest(slot, slots);
      problems.push({
        code: 'unknown-slot',
        path: `$.groups[${index}].roles[${at}]`,
        message: `the workflow '${workflow.name}' has no slot '${slot}'`,
        ...(remedy === undefined ? {} : { remedy }),
      });
    }
  }
  if (problems.length > 0) return problems;
  for (const [slot, { min, max }] of Object.entries(workflow.slots)) {
    const filling = groups.filter(({ group }) => group.roles.includes(slot));
    const count = filling.reduce((sum, { group }) => sum + group.count, 0);
    const last = filling.at(-1);
    const path = last === undefined ? '$.groups' : `$.groups[${last.index}].count`;
    if (count < min) {
      problems.push({
        code: 'too-few-nodes',
        path,
        message: `the slot '${slot}' has ${count} nodes; the workflow '${workflow.name}' wants at least ${min}`,
        remedy: last === undefined ? `add a group with roles: [${slot}]` : `set count to at least ${min}`,
      });
    }
    if (max !== null && count > max) {
      problems.push({
        code: 'too-many-nodes',
        path,
        message: `the slot '${slot}' has ${count} nodes; the workflow '${workflow.name}' wants at most ${max}`,
        remedy: `lower the count to ${max} in all`,
      });
    }
  }
  return problems;
};
