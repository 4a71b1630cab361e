import type { Pack, Specification, Workflow } from '@formwork/core';
import fc from 'fast-check';
import { satisfies } from 'semver';
import { describe, expect, it } from 'vitest';
import { normalizeSpecification } from './normalize-specification.ts';
import { resolvePacks } from './resolve-packs.ts';

const pack = (name: string, version: string, packs: Record<string, string> = {}, workflows: string[] = []): Pack => ({
  name,
  version,
  summary: '',
  packs,
  params: [],
  roles: [],
  workflows: workflows.map((one): Workflow => ({ name: one, pack: name, summary: '', slots: {}, stages: [] })),
  profiles: [],
  digest: '',
});

function spec(packs: Record<string, string> = {}, workflow = 'etcd'): Specification {
  const made = normalizeSpecification({
    name: 'edge',
    workflow,
    packs,
    groups: [{ name: 'aa', roles: ['bb'], count: 1, site: 'cc' }],
  });
  if (!made.ok) throw new Error(JSON.stringify(made.problems));
  return made.value;
}
const chosen = (wanted: Specification, available: readonly Pack[]): string[] => {
  const content = resolvePacks(wanted, available);
  return content.ok
    ? content.value.packs.map((one) => `${one.name} ${one.version}`)
    : content.problems.map((p) => `${p.path} ${p.code}: ${p.remedy ?? ''}`);
};

const stored = [
  pack('base', '1.0.0'),
  pack('base', '1.10.0'),
  pack('base', '1.9.0'),
  pack('base', '2.0.0'),
  pack('etcd', '1.0.0', { base: '^1' }, ['etcd']),
  pack('etcd', '2.0.0', { base: '^2' }, ['etcd']),
  pack('other', '1.0.0', { base: '1.9.0' }, ['other', 'shared']),
  pack('third', '1.0.0', {}, ['shared']),
];

describe('resolvePacks', () => {
  it('takes the newest of everything, transitively', () => {
    expect(chosen(spec(), stored)).toEqual(['base 2.0.0', 'etcd 2.0.0']);
  });

  it('keeps to what the specification and every pack ask for', () => {
    expect(chosen(spec({ etcd: '^1' }), stored)).toEqual(['base 1.10.0', 'etcd 1.0.0']);
    expect(chosen(spec({ etcd: '^1', other: '*' }), stored)).toEqual(['base 1.9.0', 'etcd 1.0.0', 'other 1.0.0']);
    expect(chosen(spec({ etcd: '^1', base: '<1.5' }), stored)).toEqual(['base 1.0.0', 'etcd 1.0.0']);
  });

  it.each([
    ['an unknown workflow', spec({}, 'etdc'), ["$.workflow unknown-workflow: did you mean 'etcd'?"]],
    ['an ambiguous workflow', spec({}, 'shared'), ['$.workflow ambiguous-workflow: name the one you mean under packs']],
    ['a pack that is not there', spec({ etdc: '*' }), ["$.packs.etdc unknown-pack: did you mean 'etcd'?"]],
    ['a version that is not there', spec({ etcd: '^3' }), ['$.packs.etcd no-version: stored: 2.0.0, 1.0.0']],
    ['ranges that contradict', spec({ other: '*' }), ['$.workflow no-version: stored: 2.0.0, 1.10.0, 1.9.0, 1.0.0']],
  ])('refuses %s', (_what, wanted, problems) => {
    expect(chosen(wanted, stored)).toEqual(problems);
  });

  it('takes the named pack where several have the workflow', () => {
    expect(chosen(spec({ third: '*' }, 'shared'), stored)).toEqual(['third 1.0.0']);
  });

  it('answers with a set in which every range holds, or with problems', () => {
    const names = ['aa', 'bb', 'cc'];
    const range = fc.constantFrom('*', '^1', '^2', '1.0.0', '>=1.1', '<2');
    const any = fc.record({
      name: fc.constantFrom(...names),
      version: fc.constantFrom('1.0.0', '1.1.0', '2.0.0', '2.1.0'),
      packs: fc.dictionary(fc.constantFrom(...names), range, { maxKeys: 2 }),
    });
    fc.assert(
      fc.property(fc.uniqueArray(any, { selector: (one) => `${one.name} ${one.version}`, maxLength: 12 }), (packs) => {
        const available = [
          pack('root', '1.0.0', { aa: '*' }, ['etcd']),
          ...packs.map((one) => pack(one.name, one.version, one.packs)),
        ];
        const content = resolvePacks(spec(), available);
        if (!content.ok) {
          expect(content.problems.length).toBeGreaterThan(0);
          return;
        }
        for (const one of content.value.packs) {
          for (const [name, wanted] of Object.entries(one.packs)) {
            const other = content.value.packs.find((candidate) => candidate.name === name);
            expect(other !== undefined && satisfies(other.version, wanted)).toBe(true);
          }
        }
      }),
    );
  });
});
