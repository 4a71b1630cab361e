import type { ActualNodeRole } from '../actual.ts';
import { wantedNodes } from '../graph/wanted-nodes.ts';
import type { Json } from '../json.ts';
import { isJsonObject, sameJson } from '../json.ts';
import { declaredParams, resolveParams } from '../params.ts';
import type { ResolvedParam } from '../params.ts';
import type { Problem } from '../problem.ts';
import type { ParamDeclaration, RoleDefinition } from '../role.ts';
import type { Specification } from '../specification.ts';
import { paramSegments } from './check-params.ts';
import { jsonPath } from './json-path.ts';
import type { PathSegment } from './json-path.ts';
import type { SpecificationCheck, SpecificationContext } from './specification-context.ts';

/** Group name by node name, of what is there. */
type GroupOf = ReadonlyMap<string, string>;

/** Parameters that were applied once and may not change while the node-role lives. */
export const checkImmutable: SpecificationCheck = (context) => {
  const { actual, index, spec } = context;
  if (actual === null) return [];
  const groupOf = new Map(actual.nodes.map((node) => [node.name, node.group]));
  const wanted = new Set(wantedNodes(spec).map((node) => node.name));
  const found = new Map<string, Problem>();
  for (const row of actual.nodeRoles) {
    const role = index.roles.get(row.role);
    if (role === undefined || (row.node !== null && !wanted.has(row.node))) continue;
    const immutable = declaredParams(index, role).filter((param) => param.immutable);
    if (immutable.length === 0) continue;
    const now = valuesOf(spec, row, role, context, groupOf);
    for (const param of immutable) {
      const problem = changed(
        param,
        now[param.fullName],
        before(param, row, role, context, groupOf),
        row,
        context,
        groupOf,
      );
      if (problem !== null) found.set(`${problem.path} ${problem.message}`, problem);
    }
  }
  return [...found.values()];
};

/** What was applied; for a role that was started and never finished, what the committed specification says. */
function before(
  param: ParamDeclaration,
  row: ActualNodeRole,
  role: RoleDefinition,
  context: SpecificationContext,
  groupOf: GroupOf,
): Json | undefined {
  const committed = context.actual?.committed ?? null;
  if (row.applied !== null) return row.applied.inputs.params[param.fullName];
  if (!row.everStarted || committed === null) return undefined;
  return valuesOf(committed, row, role, context, groupOf)[param.fullName]?.value;
}

function valuesOf(
  spec: Specification,
  row: ActualNodeRole,
  role: RoleDefinition,
  { index, sites }: SpecificationContext,
  groupOf: GroupOf,
): Readonly<Record<string, ResolvedParam>> {
  const groupName = groupOf.get(row.node ?? '');
  const group = spec.groups.find((candidate) => candidate.name === groupName) ?? null;
  const items = (index.workflows.get(spec.workflow)?.stages ?? []).flatMap((stage) => [
    ...stage.deployment,
    ...Object.values(stage.nodes).flat(),
  ]);
  return resolveParams({
    spec,
    content: index,
    site: sites.find((site) => site.name === group?.site) ?? null,
    group,
    nodeName: row.node,
    role,
    item: items.find((item) => item.as === row.as) ?? null,
  });
}

function changed(
  param: ParamDeclaration,
  now: ResolvedParam | undefined,
  old: Json | undefined,
  row: ActualNodeRole,
  context: SpecificationContext,
  groupOf: GroupOf,
): Problem | null {
  if (
    old === undefined ||
    (now !== undefined && (sameJson(now.value, old) || isReference(now.value) !== isReference(old)))
  ) {
    return null;
  }
  const shown = (value: Json | undefined): string => (value === undefined ? 'nothing' : JSON.stringify(value));
  const change = param.secret ? '' : ` from ${shown(old)} to ${shown(now?.value)}`;
  const where = now?.from === 'node' ? ` on ${row.node ?? ''}` : '';
  return {
    code: 'immutable',
    path: jsonPath(pathOf(param.fullName, now, row, context.spec, groupOf)),
    message: `'${param.fullName}' cannot change${change}${where}: the role '${row.role}' has been applied with it`,
    remedy: param.secret
      ? 'take the former value back, or destroy the deployment and create it anew'
      : `set it back to ${shown(old)}; another value takes a new deployment, or destroying this one and creating it anew`,
  };
}

/** A secret's reference cannot be compared with its plain value. */
const isReference = (value: Json): boolean => isJsonObject(value) && value['$secret'] !== undefined;

/** Where the value comes from now, as the document says it. */
function pathOf(
  name: string,
  now: ResolvedParam | undefined,
  row: ActualNodeRole,
  spec: Specification,
  groupOf: GroupOf,
): readonly PathSegment[] {
  const groupName = groupOf.get(row.node ?? '');
  const at = spec.groups.findIndex((group) => group.name === groupName);
  const segments = paramSegments(name);
  if (now?.from === 'node' && row.node !== null) return ['groups', at, 'nodes', row.node, 'params', ...segments];
  if (now?.from === 'group') return ['groups', at, 'params', ...segments];
  if (now?.from === 'site') return ['groups', at, 'site'];
  if (now?.from === 'profile') return ['profiles'];
  return ['params', ...segments];
}
