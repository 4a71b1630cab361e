import fc from 'fast-check';
import { expect, it } from 'vitest';
import { roleIncludes, scopeIncludes, tokenScope, tokenState } from './grant.ts';

it('includes the lesser roles in the greater', () => {
  expect(roleIncludes('admin', 'viewer')).toBe(true);
  expect(roleIncludes('operator', 'operator')).toBe(true);
  expect(roleIncludes('viewer', 'operator')).toBe(false);
});

it('ends a token at its expiry and at its revocation', () => {
  const now = new Date('2026-01-01T00:00:00Z');
  const before = new Date(now.getTime() - 1);
  const after = new Date(now.getTime() + 1);
  expect(tokenState({ expiresAt: null, revokedAt: null }, now)).toBe('valid');
  expect(tokenState({ expiresAt: after, revokedAt: null }, now)).toBe('valid');
  expect(tokenState({ expiresAt: now, revokedAt: null }, now)).toBe('expired');
  expect(tokenState({ expiresAt: after, revokedAt: before }, now)).toBe('revoked');
});

it('reaches all by default, and nothing by an empty list', () => {
  expect(scopeIncludes(tokenScope.parse({}), 'deployment', ['x'])).toBe(true);
  expect(scopeIncludes(tokenScope.parse({ deployments: [] }), 'deployment', ['x'])).toBe(false);
  expect(scopeIncludes(tokenScope.parse({ deployments: [] }), 'site', ['x'])).toBe(true);
  expect(scopeIncludes(tokenScope.parse({ sites: [], deployments: [], pipelines: [] }), 'none', [])).toBe(true);
  expect(tokenScope.safeParse({ site: ['a'] }).success).toBe(false);
});

it('reaches by id or by name', () => {
  const scope = tokenScope.parse({ sites: ['lab'] });
  expect(scopeIncludes(scope, 'site', ['4b7c', 'lab'])).toBe(true);
  expect(scopeIncludes(scope, 'site', ['4b7c', 'lab2'])).toBe(false);
});

it('matches patterns as the same regular expression would', () => {
  const piece = fc.stringMatching(/^[ab.*]{0,6}$/);
  const text = fc.stringMatching(/^[ab.]{0,8}$/);
  fc.assert(
    fc.property(piece, text, (pattern, name) => {
      const expression = new RegExp(
        `^${pattern
          .split('*')
          .map((part) => part.replaceAll('.', '\\.'))
          .join('.*')}$`,
      );
      expect(scopeIncludes(tokenScope.parse({ deployments: [pattern] }), 'deployment', [name])).toBe(
        expression.test(name),
      );
    }),
    { numRuns: 2_000 },
  );
});
