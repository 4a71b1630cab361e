import type { Problem } from '@formwork/core';
import { hasOwnExample } from '../pack/normalize-declarations.ts';
import { problemAt, type RoleSource } from '../pack/pack-source.ts';
import type { LintCheck } from './lint-context.ts';
import { declaredSchema, exampleProblems } from './param-declarations.ts';

/** Declared outputs: their schemas, and that a plan and a simulated run know what to answer. */
export const roleOutputs: LintCheck = ({ source }) => source.roles.filter((role) => role.sound).flatMap(outputsOf);

/** Our own code makes these outputs, on simulated nodes too. */
const madeByUs = new Set(['pki', 'provider']);

function outputsOf({ file, value: role, document }: RoleSource): Problem[] {
  return role.outputs.flatMap((output) => {
    const path = ['outputs', output.name];
    const problems = declaredSchema(output.schema, file, path);
    const ownExample = hasOwnExample(document['outputs'], output.name);
    if (output.value !== undefined && ownExample) {
      problems.push(
        problemAt(
          file,
          [...path, 'example'],
          'bad-combination',
          `'${output.name}' has both value and example`,
          'keep value where the engine can compute it, example where a script writes it',
        ),
      );
    }
    if (output.value === undefined && output.example === undefined && !madeByUs.has(role.executor)) {
      problems.push(
        problemAt(
          file,
          path,
          'missing-key',
          `the output '${output.name}' has neither value nor example`,
          'add `value:` if the engine can compute it, else `example:`, which a simulated run answers',
        ),
      );
    }
    if (ownExample && output.example !== undefined) {
      problems.push(...exampleProblems(output.schema, output.example, file, [...path, 'example']));
    }
    return problems;
  });
}
