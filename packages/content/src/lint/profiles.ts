import type { ParamLayer, PathSegment, Problem } from '@formwork/core';
import { suggest } from '@formwork/core';
import { problemAt } from '../pack/pack-source.ts';
import { checkValue } from '../schema/check-value.ts';
import type { LintCheck, LintContext } from './lint-context.ts';

/** Profiles: parameters that exist, with values that fit. */
export const profiles: LintCheck = (context) =>
  context.source.profiles
    .filter((profile) => profile.sound)
    .flatMap(({ file, value }) => layerProblems(value.params, file, ['params'], context, context.index.params.keys()));

/** Unknown names and values that do not fit, of one layer that a pack's author wrote. */
export function layerProblems(
  layer: ParamLayer,
  file: string,
  path: readonly PathSegment[],
  { index, complete }: LintContext,
  allowed: Iterable<string>,
): Problem[] {
  const names = new Set(allowed);
  return Object.entries(layer).flatMap(([name, value]) => {
    const dot = name.indexOf('.');
    const at = [...path, name.slice(0, dot), name.slice(dot + 1)];
    const declaration = index.params.get(name);
    if (declaration === undefined || !names.has(name)) {
      if (declaration === undefined && !complete) return [];
      const message =
        declaration === undefined ? `no parameter is called '${name}'` : `'${name}' is no parameter of this role`;
      return [problemAt(file, at, 'unknown-param', message, suggest(name, names))];
    }
    if (declaration.secret) {
      return [
        problemAt(
          file,
          at,
          'secret-exposed',
          `'${name}' is secret and does not belong into a pack`,
          'set it in the deployment',
        ),
      ];
    }
    return checkValue(declaration.schema, value)
      .filter((problem) => problem.code !== 'bad-schema')
      .map((problem) => problemAt(file, at, problem.code, `${name}: ${problem.message}`, problem.remedy));
  });
}
