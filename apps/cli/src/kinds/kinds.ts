import { FormworkError } from '@formwork/api';
import { audit, secrets, tokens } from './access.ts';
import { packs, profiles, roles, workflows } from './content.ts';
import { deployments, nodeRoles, nodes, sites } from './inventory.ts';
import type { Kind } from './kind.ts';
import { machines } from './machines.ts';
import { events, plans, runs } from './work.ts';

/** Everything `get` lists, by the word a user types. */
const kinds: Readonly<Record<string, Kind>> = {
  deployments,
  nodes,
  machines,
  'node-roles': nodeRoles,
  sites,
  runs,
  plans,
  events,
  packs,
  roles,
  workflows,
  profiles,
  tokens,
  secrets,
  audit,
};

export const kindNames: readonly string[] = Object.keys(kinds);

/** The kind of a word, singular or plural. Errors: `unknown-kind`, naming those there are. */
export function findKind(word: string): Kind {
  const kind = kinds[word] ?? kinds[`${word}s`];
  if (kind !== undefined) return kind;
  throw new FormworkError('invalid', 'unknown-kind', `there is no kind "${word}"; there are: ${kindNames.join(', ')}`);
}
