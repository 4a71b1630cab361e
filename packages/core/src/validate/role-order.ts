import type { RoleDefinition } from '../role.ts';
import type { WaitsFor } from './cycles.ts';

/** The role a name stands for; null when it is none or cannot be told without a site. */
export type ResolveRole = (name: string) => RoleDefinition | null;

/**
 * What each role waits for, over `requires`, `needs` and `after`. Peers of its own role are left out: a founder has
 * none, and a joiner waits for members that are there already.
 */
export function roleWaits(roles: readonly RoleDefinition[], resolve: ResolveRole): WaitsFor {
  return new Map(
    roles.map((role) => {
      const names = [
        ...role.requires.map((requirement) => requirement.role),
        ...role.needs.filter((need) => need.from !== 'peers' || need.role !== role.name).map((need) => need.role),
        ...role.after,
      ];
      return [role.name, names.flatMap((name) => resolve(name)?.name ?? [])];
    }),
  );
}
