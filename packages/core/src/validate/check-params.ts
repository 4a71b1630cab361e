import { nearest, suggest } from '../nearest.ts';
import { declaredParams } from '../params.ts';
import type { Problem } from '../problem.ts';
import type { ParamDeclaration, RoleDefinition } from '../role.ts';
import type { Json } from '../json.ts';
import { isJsonObject } from '../json.ts';
import type { ParamLayer } from '../specification.ts';
import { jsonPath, parseJsonPath } from './json-path.ts';
import type { PathSegment } from './json-path.ts';
import type { SpecificationCheck, SpecificationContext } from './specification-context.ts';

/** Parameters of every layer: known, read by something here, and of the right form. */
export const checkParams: SpecificationCheck = (context) => {
  const { spec, groups, workflow } = context;
  if (workflow === null) return [];
  const everywhere = readable([...context.allRoles.values(), ...tasks(context)], context);
  return [
    ...layer(spec.params, ['params'], everywhere, everywhere, `the workflow '${spec.workflow}'`, context),
    ...groups.flatMap(({ group, index: at, roles }) => {
      const here = readable(
        [...roles.values(), ...tasks(context).filter((task) => task.placement !== 'deployment')],
        context,
      );
      return [
        ...layer(group.params, ['groups', at, 'params'], here, everywhere, `the group '${group.name}'`, context),
        ...Object.entries(group.nodes).flatMap(([node, { params }]) =>
          layer(params, ['groups', at, 'nodes', node, 'params'], here, everywhere, `the node '${node}'`, context),
        ),
      ];
    }),
    ...sites(context),
  ];
};

/** Tasks and tests run on demand in a deployment that has what they run on. */
function tasks({ index, allRoles }: SpecificationContext): readonly RoleDefinition[] {
  return [...index.roles.values()].filter((role) => {
    if (role.kind === 'state') return false;
    const names = [...role.requires.map((one) => one.role), ...role.needs.map((one) => one.role), role.runsOn ?? ''];
    return names.some((name) => allRoles.has(name));
  });
}

function readable(
  roles: readonly RoleDefinition[],
  { index }: SpecificationContext,
): ReadonlyMap<string, ParamDeclaration> {
  return new Map(roles.flatMap((role) => declaredParams(index, role)).map((param) => [param.fullName, param]));
}

function layer(
  params: ParamLayer,
  path: readonly PathSegment[],
  known: ReadonlyMap<string, ParamDeclaration>,
  everywhere: ReadonlyMap<string, ParamDeclaration>,
  where: string,
  { index, checkValue }: SpecificationContext,
): Problem[] {
  return Object.entries(params).flatMap(([name, value]) => {
    const at = [...path, ...paramSegments(name)];
    const declaration = known.get(name);
    if (declaration !== undefined) return valueProblems(declaration, value, at, checkValue);
    const declared = index.params.has(name);
    const remedy = everywhere.has(name)
      ? 'set it under params of the deployment'
      : remedyFor(name, known, index.params);
    return [
      {
        code: declared ? 'unused-param' : 'unknown-param',
        path: jsonPath(at),
        message: declared ? `nothing in ${where} reads the parameter '${name}'` : `there is no parameter '${name}'`,
        ...(remedy === undefined ? {} : { remedy }),
      },
    ];
  });
}

/** What was meant; for what another workflow reads there is nothing to mean. */
function remedyFor(
  name: string,
  known: ReadonlyMap<string, ParamDeclaration>,
  declared: ReadonlyMap<string, ParamDeclaration>,
): string | undefined {
  const near = nearest(name, known.keys());
  if (near !== null) return `did you mean '${near}'?`;
  return declared.has(name) ? 'leave it out' : suggest(name, declared.keys());
}

/** What a site sets must be meant for sites, and fit. */
function sites({ groups, index, checkValue }: SpecificationContext): Problem[] {
  const seen = new Set<string>();
  return groups.flatMap(({ site, index: at }) => {
    if (site === null || seen.has(site.name)) return [];
    seen.add(site.name);
    const path = ['groups', at, 'site'];
    return Object.entries(site.params).flatMap(([name, value]): Problem[] => {
      const declaration = index.params.get(name);
      if (declaration === undefined) return [];
      if (declaration.scope !== 'site') {
        const message = `the site '${site.name}' sets '${name}', which is no parameter of scope: site`;
        return [
          {
            code: 'not-site-scope',
            path: jsonPath(path),
            message,
            remedy: 'take it out of the site and set it in the deployment',
          },
        ];
      }
      return valueProblems(declaration, value, [], checkValue).map((problem) => ({
        ...problem,
        path: jsonPath(path),
        message: `the site '${site.name}' sets '${name}': ${problem.message}`,
      }));
    });
  });
}

/** A secret's value is never in a message; a reference to a stored one was checked before it was stored. */
function valueProblems(
  declaration: ParamDeclaration,
  value: Json,
  path: readonly PathSegment[],
  checkValue: SpecificationContext['checkValue'],
): Problem[] {
  if (declaration.secret && isJsonObject(value) && value['$secret'] !== undefined) return [];
  const problems = checkValue(declaration.schema, value);
  const first = problems[0];
  if (first !== undefined && declaration.secret) {
    const message = `the value of the secret parameter '${declaration.fullName}' does not fit its schema`;
    return [{ code: first.code, path: jsonPath(path), message }];
  }
  return problems.map((problem) => ({
    ...problem,
    path: jsonPath([...path, ...(parseJsonPath(problem.path) ?? [])]),
  }));
}

/** `etcd.dataDir` as the path into the nested form. */
export function paramSegments(fullName: string): readonly [string, string] {
  const dot = fullName.indexOf('.');
  return [fullName.slice(0, dot), fullName.slice(dot + 1)];
}
