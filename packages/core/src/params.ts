import type { SiteView } from './actual.ts';
import { indexContent } from './graph/content-index.ts';
import type { ContentIndex } from './graph/content-index.ts';
import type { Json, JsonObject } from './json.ts';
import type { Content, ParamDeclaration, RoleDefinition, StageItem } from './role.ts';
import type { NodeGroup, ParamLayer, Specification } from './specification.ts';

/** Lowest precedence first. `task` is what the one who starts a task gives with it. */
export type ParamSource =
  | 'default'
  | 'global'
  | 'profile'
  | 'site'
  | 'workflow'
  | 'deployment'
  | 'group'
  | 'node'
  | 'task';

export interface ResolvedParam {
  readonly value: Json;
  readonly from: ParamSource;
  /** Which one of that kind, for `--explain`: `profile ha`, `site here`, `group etcd`. */
  readonly layer: string;
}

export interface ParamQuery {
  readonly spec: Specification;
  /** Give the index when asking for many node-roles. */
  readonly content: Content | ContentIndex;
  readonly site: SiteView | null;
  readonly group: NodeGroup | null;
  readonly nodeName: string | null;
  readonly role: RoleDefinition;
  /** The workflow's item that binds the role; null for a role pulled in by `requires`. */
  readonly item: StageItem | null;
  /** Settings of the whole installation. */
  readonly global?: ParamLayer;
  /** Values given with the start of a task. */
  readonly task?: ParamLayer;
}

interface Layer {
  readonly from: ParamSource;
  readonly layer: string;
  readonly params: ParamLayer;
}

/**
 * Values of the parameters that a role declares or `uses`, by full name, each with the layer it came from. The highest
 * layer that has a name gives the whole value; nothing is merged. A parameter without default that nobody set is absent.
 *
 * A workflow's item sits above the site: it is what tells two bindings of one role apart (`as`), and a site's value
 * would make them alike. It sits below the deployment, because a workflow is shared and a deployment is its user's.
 */
export function resolveParams(query: ParamQuery): Readonly<Record<string, ResolvedParam>> {
  const index = 'packs' in query.content ? indexContent(query.content) : query.content;
  const layers = layersOf(query, index);
  const resolved: Record<string, ResolvedParam> = {};
  for (const declaration of declaredParams(index, query.role)) {
    const name = declaration.fullName;
    const layer = layers.find((candidate) => Object.hasOwn(candidate.params, name));
    const value = layer === undefined ? declaration.default : layer.params[name];
    if (value === undefined) continue;
    resolved[name] = { value, from: layer?.from ?? 'default', layer: layer?.layer ?? 'default' };
  }
  return resolved;
}

/** The declarations of a role's own parameters and of the shared ones it reads, in that order. */
export function declaredParams(index: ContentIndex, role: RoleDefinition): readonly ParamDeclaration[] {
  const shared = role.uses.flatMap((name) => index.params.get(name) ?? []);
  return [...role.params, ...shared];
}

/** Only the values of what {@link resolveParams} gave. */
export function paramValues(resolved: Readonly<Record<string, ResolvedParam>>): JsonObject {
  return Object.fromEntries(Object.entries(resolved).map(([name, param]) => [name, param.value]));
}

/** Highest first. Of several profiles the later one wins. */
function layersOf(query: ParamQuery, index: ContentIndex): readonly Layer[] {
  const { spec, site, group, nodeName, item } = query;
  const profiles = spec.profiles
    .map(
      (name): Layer => ({ from: 'profile', layer: `profile ${name}`, params: index.profiles.get(name)?.params ?? {} }),
    )
    .reverse();
  const ofNode = nodeName === null ? undefined : group?.nodes[nodeName]?.params;
  return [
    { from: 'task', layer: 'task', params: query.task ?? {} },
    { from: 'node', layer: `node ${nodeName ?? ''}`, params: ofNode ?? {} },
    { from: 'group', layer: `group ${group?.name ?? ''}`, params: group?.params ?? {} },
    { from: 'deployment', layer: `deployment ${spec.name}`, params: spec.params },
    { from: 'workflow', layer: `workflow ${spec.workflow}`, params: item?.params ?? {} },
    { from: 'site', layer: `site ${site?.name ?? ''}`, params: site?.params ?? {} },
    ...profiles,
    { from: 'global', layer: 'global', params: query.global ?? {} },
  ];
}
