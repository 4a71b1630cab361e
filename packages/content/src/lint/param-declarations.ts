import type { Json, JsonObject, ParamDeclaration, PathSegment, Problem } from '@formwork/core';
import { suggest } from '@formwork/core';
import { problemAt } from '../pack/pack-source.ts';
import { checkValue } from '../schema/check-value.ts';
import { schemaKeywords } from './schema-keywords.ts';
import type { LintCheck } from './lint-context.ts';

/** Declared parameters: their schemas, their defaults, and names that are declared twice. */
export const paramDeclarations: LintCheck = ({ source, dependencies }) => {
  const declared = [
    ...source.pack.params.map((param) => ({ param, file: 'pack.yaml' })),
    ...source.roles.flatMap(({ value, file }) => value.params.map((param) => ({ param, file }))),
  ];
  const taken = new Set(
    dependencies
      .flatMap((pack) => [...pack.params, ...pack.roles.flatMap((role) => role.params)])
      .map((p) => p.fullName),
  );
  return declared.flatMap(({ param, file }) => {
    const path = ['params', param.fullName.slice(param.fullName.indexOf('.') + 1)];
    const twice = taken.has(param.fullName);
    taken.add(param.fullName);
    return [
      ...(twice
        ? [problemAt(file, path, 'duplicate-name', `the parameter '${param.fullName}' is declared twice`)]
        : []),
      ...declaredSchema(param.schema, file, path),
      ...defaultValue(param, file, path),
    ];
  });
};

function defaultValue(param: ParamDeclaration, file: string, path: readonly PathSegment[]): Problem[] {
  if (param.default === undefined) return [];
  return exampleProblems(param.schema, param.default, file, [...path, 'default']);
}

/** Whether a value that a pack's author wrote beside a schema fits it. A schema that is none says nothing here. */
export function exampleProblems(
  schema: JsonObject,
  value: Json,
  file: string,
  path: readonly PathSegment[],
): Problem[] {
  return checkValue(schema, value)
    .filter((problem) => problem.code !== 'bad-schema')
    .map((problem) =>
      problemAt(file, path, problem.code, `does not fit its own schema: ${problem.message}`, problem.remedy),
    );
}

/** A declared schema that is none, with the keyword that was meant. */
export function declaredSchema(schema: JsonObject, file: string, path: readonly PathSegment[]): Problem[] {
  return checkValue(schema, null)
    .filter((problem) => problem.code === 'bad-schema')
    .map((problem) => {
      const unknown = /unknown keyword: "([^"]+)"/.exec(problem.message)?.[1];
      const at = unknown !== undefined && schema[unknown] !== undefined ? [...path, unknown] : path;
      return problemAt(
        file,
        at,
        'bad-schema',
        unknown === undefined ? problem.message : `'${unknown}' is no keyword of JSON Schema or Formwork`,
        unknown === undefined ? undefined : suggest(unknown, schemaKeywords),
      );
    });
}
