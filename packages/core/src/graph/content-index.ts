import type { SiteView } from '../actual.ts';
import type { Content, ParamDeclaration, Profile, RoleDefinition, Workflow } from '../role.ts';

/** Content by name, so that a deployment of a thousand nodes looks everything up once. */
export interface ContentIndex {
  readonly roles: ReadonlyMap<string, RoleDefinition>;
  /** Every declared parameter by full name, the roles' own and the packs' shared ones. */
  readonly params: ReadonlyMap<string, ParamDeclaration>;
  readonly workflows: ReadonlyMap<string, Workflow>;
  readonly profiles: ReadonlyMap<string, Profile>;
  /** Roles by a capability that they provide. */
  readonly providers: ReadonlyMap<string, readonly RoleDefinition[]>;
}

/** Names are unique over all packs of a content (the linter's promise); a later one would win. */
export function indexContent(content: Content): ContentIndex {
  const roles = content.packs.flatMap((pack) => pack.roles);
  const params = content.packs.flatMap((pack) => [...pack.params, ...pack.roles.flatMap((role) => role.params)]);
  const providers = new Map<string, RoleDefinition[]>();
  for (const role of roles) {
    for (const capability of role.provides) providers.set(capability, [...(providers.get(capability) ?? []), role]);
  }
  return {
    roles: new Map(roles.map((role) => [role.name, role])),
    params: new Map(params.map((param) => [param.fullName, param])),
    workflows: new Map(content.packs.flatMap((pack) => pack.workflows).map((workflow) => [workflow.name, workflow])),
    profiles: new Map(content.packs.flatMap((pack) => pack.profiles).map((profile) => [profile.name, profile])),
    providers,
  };
}

/**
 * The role that a name in a stage or in `requires` stands for: the role of that name, else the one that provides the
 * capability on this site's provider, else the only one of the content that provides it. Null when there is none, or
 * several and the site does not say which.
 */
export function resolveRole(index: ContentIndex, site: SiteView | null, name: string): RoleDefinition | null {
  const named = index.roles.get(name);
  if (named !== undefined) return named;
  const ofSite = site?.capabilities[name];
  if (ofSite !== undefined) return index.roles.get(ofSite) ?? null;
  const providers = index.providers.get(name) ?? [];
  return providers.length === 1 ? (providers[0] ?? null) : null;
}

/** Whether a name used by `requires`, `needs`, `after` or `runsOn` means this binding. */
export const goesByName = (name: string, as: string, role: RoleDefinition): boolean =>
  name === as || name === role.name || role.provides.includes(name);
