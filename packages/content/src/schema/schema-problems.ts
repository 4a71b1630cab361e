import type { Json, PathSegment, Problem } from '@formwork/core';
import { isJsonArray, isJsonObject, jsonPath, suggest } from '@formwork/core';
import type { DefinedError, ErrorObject } from 'ajv';

const maxProblems = 200;

/** Ajv's errors as problems: one for each thing wrong, with the nearest valid name where there is one. */
export function schemaProblems(errors: readonly ErrorObject[], document: Json): Problem[] {
  const kept = withoutNoise(errors);
  const problems = kept.slice(0, maxProblems).map((error) => toProblem(error, document));
  const seen = new Set<string>();
  return problems.filter((problem) => {
    const key = `${problem.code} ${problem.path} ${problem.message}`;
    return seen.size !== seen.add(key).size;
  });
}

/**
 * Where a choice of shapes failed, Ajv reports every branch. Kept: the branches that fit by type; where none did, the
 * choice itself.
 */
function withoutNoise(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const dropped = new Set<ErrorObject>();
  for (const choice of errors) {
    if (choice.keyword !== 'anyOf' && choice.keyword !== 'oneOf') continue;
    const inside = errors.filter(
      (error) =>
        error !== choice &&
        error.schemaPath.startsWith(`${choice.schemaPath}/`) &&
        error.instancePath.startsWith(choice.instancePath),
    );
    const branchOf = (error: ErrorObject): string =>
      error.schemaPath.slice(choice.schemaPath.length).split('/')[1] ?? '';
    const wrongType = new Set(
      inside
        .filter((error) => error.keyword === 'type' && error.instancePath === choice.instancePath)
        .map((error) => branchOf(error)),
    );
    for (const error of inside) if (wrongType.has(branchOf(error))) dropped.add(error);
    if (inside.some((error) => !wrongType.has(branchOf(error)))) dropped.add(choice);
  }
  return errors.filter((error) => !dropped.has(error) && error.keyword !== 'if' && error.propertyName === undefined);
}

function toProblem(error: ErrorObject, document: Json): Problem {
  const at = segmentsOf(error.instancePath, document);
  const path = jsonPath(at);
  const defined = error as DefinedError;
  switch (defined.keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const key =
        defined.keyword === 'additionalProperties'
          ? defined.params.additionalProperty
          : defined.params.unevaluatedProperty;
      const parent: unknown = defined.parentSchema?.['properties'];
      const known = parent !== null && typeof parent === 'object' ? Object.keys(parent) : [];
      const remedy = suggest(key, known);
      return problem('unknown-key', jsonPath([...at, key]), `unknown key '${key}'`, remedy);
    }
    case 'propertyNames':
      return problem(
        'bad-name',
        jsonPath([...at, defined.params.propertyName]),
        `'${defined.params.propertyName}' is no valid name here`,
        said(error.schema),
      );
    case 'required':
      return problem(
        'missing-key',
        path,
        `'${defined.params.missingProperty}' is missing`,
        `add the key '${defined.params.missingProperty}'`,
      );
    case 'type': {
      const wanted = [defined.params.type].flat().join(' or ');
      return problem('wrong-type', path, `must be ${article(wanted)}, found ${shown(error.data)}`);
    }
    case 'enum': {
      const allowed: readonly unknown[] = defined.params.allowedValues;
      const names = allowed.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
      const found = typeof error.data === 'string' ? error.data : JSON.stringify(error.data);
      return problem('not-allowed', path, `${shown(error.data)} is not allowed here`, suggest(found, names));
    }
    case 'const':
      return problem('not-allowed', path, `must be ${JSON.stringify(defined.params.allowedValue)}`);
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return problem(
        'out-of-range',
        path,
        `${shown(error.data)} is out of range`,
        `it must be ${defined.params.comparison} ${defined.params.limit}`,
      );
    case 'pattern':
      return problem(
        'bad-format',
        path,
        `${shown(error.data)} has the wrong form`,
        said(error.parentSchema) ?? `it must match ${String(error.schema)}`,
      );
    case 'anyOf':
    case 'oneOf': {
      const branches: unknown = error.schema;
      const types = Array.isArray(branches) ? branches.flatMap(typesOf) : [];
      const wanted = types.length === 0 ? 'one of the allowed forms' : [...new Set(types)].map(article).join(' or ');
      return problem('wrong-type', path, `must be ${wanted}, found ${shown(error.data)}`);
    }
    default:
      return problem('bad-value', path, `${shown(error.data)} ${error.message ?? 'is not allowed here'}`);
  }
}

const problem = (code: string, path: string, message: string, remedy?: string): Problem => ({
  code,
  path,
  message,
  ...(remedy === undefined ? {} : { remedy }),
});

/** A schema may say in words what its pattern means. */
function said(schema: unknown): string | undefined {
  if (schema === null || typeof schema !== 'object' || !('description' in schema)) return undefined;
  return typeof schema.description === 'string' ? schema.description : undefined;
}

function typesOf(branch: unknown): string[] {
  if (branch === null || typeof branch !== 'object' || !('type' in branch)) return [];
  return [branch.type].flat().filter((type): type is string => typeof type === 'string');
}

const article = (type: string): string =>
  type === 'null' ? 'null' : /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;

/** A value in a message: short, and by kind where it is large. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value !== null && typeof value === 'object') return 'an object';
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** A JSON pointer as path segments; numbers where the document has a list. */
function segmentsOf(pointer: string, document: Json): PathSegment[] {
  const segments: PathSegment[] = [];
  let value: Json | undefined = document;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (value !== undefined && isJsonArray(value)) {
      segments.push(Number(name));
      value = value[Number(name)];
    } else {
      segments.push(name);
      value = isJsonObject(value) ? value[name] : undefined;
    }
  }
  return segments;
}
