import type { PathSegment, Problem, StageItem, Workflow } from '@formwork/core';
import { jsonPath, rolesOfDeployment, rolesOfSlots, stageContradictions, suggest } from '@formwork/core';
import { problemAt, type SourceDocument } from '../pack/pack-source.ts';
import type { LintCheck, LintContext } from './lint-context.ts';
import { layerProblems } from './profiles.ts';

/** Workflows: slots, the roles that stages name, their order, and producers that nothing binds. */
export const workflows: LintCheck = (context) =>
  context.source.workflows
    .filter((workflow) => workflow.sound)
    .flatMap((workflow) => [
      ...slots(workflow),
      ...stages(workflow, context),
      ...order(workflow, context),
      ...producers(workflow, context),
    ]);

function slots({ file, value: workflow }: SourceDocument<Workflow>): Problem[] {
  const problems: Problem[] = [];
  for (const [slot, { min, max }] of Object.entries(workflow.slots)) {
    if (max !== null && max < min) {
      problems.push(problemAt(file, ['slots', slot, 'max'], 'out-of-range', `max ${max} is less than min ${min}`));
    }
  }
  const seen = new Set<string>();
  for (const [index, stage] of workflow.stages.entries()) {
    if (seen.has(stage.name)) {
      problems.push(
        problemAt(
          file,
          ['stages', index, 'name'],
          'duplicate-name',
          `two stages are called '${stage.name}'`,
          'rename one',
        ),
      );
    }
    seen.add(stage.name);
    for (const slot of Object.keys(stage.nodes)) {
      if (slot === '*' || workflow.slots[slot] !== undefined) continue;
      problems.push(
        problemAt(
          file,
          ['stages', index, 'nodes', slot],
          'unknown-slot',
          `the workflow has no slot '${slot}'`,
          suggest(slot, ['*', ...Object.keys(workflow.slots)]),
        ),
      );
    }
  }
  return problems;
}

function stages({ file, value: workflow }: SourceDocument<Workflow>, context: LintContext): Problem[] {
  const bound = new Map<string, string>();
  return workflow.stages.flatMap((stage, index) => {
    const lists = [
      { on: 'deployment', items: stage.deployment, path: ['stages', index, 'deployment'] },
      ...Object.entries(stage.nodes).map(([slot, items]) => ({
        on: slot,
        items,
        path: ['stages', index, 'nodes', slot],
      })),
    ];
    return lists.flatMap(({ on, items, path }) =>
      items.flatMap((item, at) => {
        const place = [...path, at];
        const twice = ['deployment', '*'].includes(on)
          ? bound.get(`${on} ${item.as}`)
          : (bound.get(`${on} ${item.as}`) ?? bound.get(`* ${item.as}`));
        bound.set(`${on} ${item.as}`, jsonPath(place));
        return [
          ...(twice === undefined
            ? []
            : [
                problemAt(
                  file,
                  place,
                  'duplicate-name',
                  `'${item.as}' is bound to the same nodes at ${twice} already`,
                  'leave one out, or give it another name with `as`',
                ),
              ]),
          ...stageItem(item, on, file, place, context),
        ];
      }),
    );
  });
}

function stageItem(
  item: StageItem,
  on: string,
  file: string,
  path: readonly PathSegment[],
  context: LintContext,
): Problem[] {
  const candidates = context.index.roles.has(item.role)
    ? context.candidates(item.role)
    : (context.index.providers.get(item.role) ?? []);
  if (candidates.length === 0) {
    if (!context.complete) return [];
    const known = [...context.index.roles.keys(), ...context.index.providers.keys()];
    return [
      problemAt(
        file,
        path,
        'unknown-role',
        `no role, and no capability, is called '${item.role}'`,
        suggest(item.role, known),
      ),
    ];
  }
  const problems: Problem[] = [];
  for (const role of candidates) {
    if (role.kind !== 'state') {
      problems.push(
        problemAt(
          file,
          path,
          'bad-combination',
          `'${role.name}' is a ${role.kind} and runs on demand only`,
          'leave it out of the stages',
        ),
      );
    } else if (role.placement === 'deployment' && on !== 'deployment') {
      problems.push(
        problemAt(
          file,
          path,
          'bad-combination',
          `'${role.name}' is of the deployment, not of a node`,
          "name it in the stage's deployment list",
        ),
      );
    } else if (role.placement !== 'deployment' && on === 'deployment') {
      problems.push(
        problemAt(file, path, 'bad-combination', `'${role.name}' belongs on nodes`, "name it under the stage's nodes"),
      );
    }
  }
  const allowed = candidates.flatMap((role) => [...role.params.map((param) => param.fullName), ...role.uses]);
  return [...problems, ...layerProblems(item.params, file, [...path, 'params'], context, allowed)];
}

function order({ file, value: workflow }: SourceDocument<Workflow>, context: LintContext): Problem[] {
  return stageContradictions(workflow, context.resolve).map((found) =>
    problemAt(
      file,
      found.path,
      'stage-order',
      `'${found.role}' in stage '${found.stage}' ${found.by === 'requires' ? 'requires' : 'comes after'} '${found.other}', which ${jsonPath(found.otherPath)} puts into the later stage '${found.otherStage}'`,
      `move '${found.other}' to an earlier stage, or '${found.role}' to a later one`,
    ),
  );
}

/** `needs` binds nothing by itself: the producer must be in the workflow. */
function producers({ file, value: workflow }: SourceDocument<Workflow>, context: LintContext): Problem[] {
  const bound = new Map([
    ...rolesOfDeployment(workflow, context.resolve),
    ...rolesOfSlots(workflow, Object.keys(workflow.slots), context.resolve),
  ]);
  return [...bound.values()].flatMap((role) =>
    role.needs.flatMap((need) => {
      const candidates = context.candidates(need.role);
      if (need.optional || candidates.length === 0 || candidates.some((producer) => bound.has(producer.name)))
        return [];
      return [
        problemAt(
          file,
          ['stages'],
          'missing-producer',
          `'${role.name}' needs '${need.role}', which no stage of this workflow binds`,
          `name '${need.role}' in a stage`,
        ),
      ];
    }),
  );
}
