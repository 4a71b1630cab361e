import { FormworkError } from '@formwork/core';
import { roleIncludes, scopeIncludes, type TokenRole, type TokenScope } from '@formwork/db';

/** Who asks. */
export interface Caller {
  /** Null where no token was needed. */
  readonly tokenId: string | null;
  /** `token:<name>`, as events and the audit log name it. */
  readonly actor: string;
  readonly role: TokenRole;
  readonly scope: TokenScope;
  readonly address: string;
}

export const anonymous = (address: string): Caller => ({
  tokenId: null,
  actor: 'anonymous',
  role: 'viewer',
  scope: { sites: [], deployments: [], pipelines: [] },
  address,
});

/** Whether the scope's list of that kind leaves nothing out. */
export const reachesAll = (caller: Caller, kind: 'site' | 'deployment'): boolean =>
  (kind === 'site' ? caller.scope.sites : caller.scope.deployments).includes('*');

/**
 * Whether the caller's token reaches a site or deployment. A pattern is matched against the name alone: an id counts
 * where the scope spells it out, for `4*` must not reach what happens to have such an id.
 */
export function reaches(caller: Caller, kind: 'site' | 'deployment', name: string, id: string | null): boolean {
  const listed = kind === 'site' ? caller.scope.sites : caller.scope.deployments;
  const names = id !== null && listed.includes(id) ? [name, id] : [name];
  return scopeIncludes(caller.scope, kind, names);
}

/** Ids of what the caller reaches of a list; null when that is all of it. */
export async function reachableIds(
  caller: Caller,
  kind: 'site' | 'deployment',
  all: () => Promise<readonly { readonly id: string; readonly name: string }[]>,
): Promise<readonly string[] | null> {
  if (reachesAll(caller, kind)) return null;
  return (await all()).filter((one) => reaches(caller, kind, one.name, one.id)).map((one) => one.id);
}

export function requireRole(caller: Caller, role: TokenRole, what: string): void {
  if (roleIncludes(caller.role, role)) return;
  throw new FormworkError(
    'denied',
    'forbidden',
    `${what} needs a token with the role ${role}; yours is ${caller.role}`,
  );
}

/** A token that may not touch a site may not have a deployment touch it either. */
export function requireSites(caller: Caller, sites: Iterable<string>): void {
  for (const site of sites) {
    if (reaches(caller, 'site', site, null)) continue;
    throw new FormworkError('denied', 'forbidden', `your token does not reach site ${site}`);
  }
}
