/**
 * The rules of docs/provider-contract.md, as tests that every provider passes before it is registered. Each test names
 * its rule. Machines are costly on real sites, so tests share two of them.
 */
import type { ProviderErrorKind } from '@formwork/providers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConformanceHarness, Part } from './harness.ts';
import { insideRules } from './rules-inside-machines.ts';
import { machineRules } from './rules-of-machines.ts';
import { siteRules } from './rules-of-the-site.ts';
import { createWorld, type World } from './world.ts';

/** Rule 8's kinds, but `bug`: none may happen here. */
const kinds: readonly ProviderErrorKind[] = [
  'capacity',
  'quota',
  'throttled',
  'auth',
  'not-found',
  'conflict',
  'invalid',
  'unavailable',
];

/**
 * `missing` names what this host lacks for the provider's machines; the whole suite is then left out, and says so.
 * `without` are parts that the provider by its nature does not have; their tests do not exist for it.
 */
export function conformance(
  name: string,
  makeHarness: () => Promise<ConformanceHarness>,
  { missing = null, without = [] }: { readonly missing?: string | null; readonly without?: readonly Part[] } = {},
): void {
  const has = (part: Part): boolean => !without.includes(part);
  const title = missing === null ? name : `${name} (needs ${missing})`;
  describe.skipIf(missing !== null)(`provider contract: ${title}`, () => {
    let opened: World | null = null;
    const world = (): World => {
      if (opened === null) throw new Error('the site was not opened');
      return opened;
    };

    beforeAll(async () => {
      opened = createWorld(await makeHarness());
    });
    afterAll(async () => {
      expect(await world().close()).toEqual([]);
    });

    siteRules(world, has);
    machineRules(world, has);
    insideRules(world, has);

    it('rule 8: no answer and no log holds a secret, and no error was a bug', () => {
      const { answers, harness } = world();
      const text = [...answers, ...harness.logged].join('\n');
      expect(answers.length).toBeGreaterThan(0);
      for (const secret of harness.secrets) expect(text).not.toContain(secret);
      const told = [...text.matchAll(/"failure":\{"kind":"([^"]*)"/g)].map(([, kind]) => kind);
      expect(told.length).toBeGreaterThan(0);
      for (const kind of told) expect(kinds).toContain(kind);
    });
  });
}
