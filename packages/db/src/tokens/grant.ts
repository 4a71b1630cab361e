import { z } from 'zod';

/** What a person's token may do; each includes those before it. `machine` tokens are the boot chain's and no rank. */
const ranks = ['viewer', 'operator', 'admin'] as const;
export type TokenRole = (typeof ranks)[number];

export const tokenRole = z.enum(ranks);

/** What a token reaches, by id or name: patterns in which `*` stands for any text. An absent list means all, an empty one nothing. */
const patterns = z.array(z.string()).default(['*']);
export const tokenScope = z.strictObject({ sites: patterns, deployments: patterns, pipelines: patterns });
export type TokenScope = z.infer<typeof tokenScope>;

/** The stored side of a token, as far as a decision needs it. */
export interface TokenGrant {
  readonly role: TokenRole;
  readonly scope: TokenScope;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

/** Whether a token is usable now. */
export function tokenState(
  grant: Pick<TokenGrant, 'expiresAt' | 'revokedAt'>,
  now: Date,
): 'valid' | 'expired' | 'revoked' {
  if (grant.revokedAt !== null) return 'revoked';
  return grant.expiresAt !== null && grant.expiresAt <= now ? 'expired' : 'valid';
}

export const roleIncludes = (has: TokenRole, needs: TokenRole): boolean => ranks.indexOf(has) >= ranks.indexOf(needs);

/** Whether a token reaches what a request touches, given by all the names it goes by (id and name). */
export function scopeIncludes(
  scope: TokenScope,
  kind: 'site' | 'deployment' | 'pipeline' | 'none',
  names: readonly string[],
): boolean {
  switch (kind) {
    case 'none':
      return true;
    case 'site':
      return reaches(scope.sites, names);
    case 'deployment':
      return reaches(scope.deployments, names);
    case 'pipeline':
      return reaches(scope.pipelines, names);
  }
}

const reaches = (allowed: readonly string[], names: readonly string[]): boolean =>
  allowed.some((pattern) => names.some((name) => matchesPattern(pattern, name)));

/** `*` matches any text. Piece by piece, without a regular expression: a pattern is a user's text. */
function matchesPattern(pattern: string, name: string): boolean {
  const pieces = pattern.split('*');
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (pieces.length === 1) return pattern === name;
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  let from = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, from);
    if (found === -1) return false;
    from = found + piece.length;
  }
  return from <= name.length - last.length;
}
