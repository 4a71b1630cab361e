import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Content, Json, SiteView } from '@formwork/core';
import { isJsonArray, isJsonObject, parseJsonPath, validateSpecification } from '@formwork/core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadPackFiles } from '../pack/load-pack-files.ts';
import { readPackDirectory } from '../pack/load-pack.ts';
import { checkValue } from '../schema/check-value.ts';
import { normalizeSpecification } from './normalize-specification.ts';
import { parseSpecification } from './parse-specification.ts';
import { resolvePacks } from './resolve-packs.ts';

const here: SiteView = {
  name: 'here',
  provider: 'sim',
  capabilities: { 'machine-ready': 'machine' },
  params: {},
  catalogue: null,
  maxNodes: null,
};
const valid: Json = {
  formwork: 1,
  name: 'edge',
  workflow: 'base',
  packs: { base: '^1' },
  profiles: [],
  params: { base: { packages: ['jq'], sysctl: { 'vm.swappiness': 10 } }, 'base.timeSync': 'sane' },
  groups: [
    {
      name: 'hosts',
      roles: ['host'],
      count: 3,
      site: 'here',
      image: 'debian-12',
      size: { cpus: 1, memoryGiB: 1 },
      capabilities: [],
      labels: { tier: 'one' },
      params: { base: { hosts: {} } },
      nodes: { 'edge-hosts-1': { params: { base: { packages: [] } }, labels: {} } },
      omit: [7],
      maxFailed: 0,
    },
  ],
  converge: 'manual',
  priority: 0,
  ttl: '2h',
};

type Mutation = (value: Json) => Json;

const odd: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(
    null,
    true,
    -1,
    0,
    1e9,
    1e308,
    0.5,
    '',
    ' ',
    '../..',
    'x'.repeat(5000),
    [],
    {},
    [[]],
    '{{ x }}',
    '💥',
    '\0',
  ),
  fc.string(),
  fc.integer(),
  fc.integer({ min: 1, max: 200 }).map((depth) => {
    let value: Json = 1;
    for (let at = 0; at < depth; at += 1) value = at % 2 === 0 ? [value] : { a: value };
    return value;
  }),
);
const misspell = (key: string, at: number): string => {
  const cut = at % Math.max(1, key.length);
  return key.slice(0, cut) + key.slice(cut + 1);
};
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  odd.map(
    (value): Mutation =>
      () =>
        value,
  ),
  fc.nat().map(
    (at): Mutation =>
      (value) => {
        if (!isJsonObject(value)) return value;
        const entries = Object.entries(value);
        return Object.fromEntries(entries.filter((_, index) => index !== at % Math.max(1, entries.length)));
      },
  ),
  fc.tuple(fc.nat(), fc.nat()).map(
    ([at, cut]): Mutation =>
      (value) => {
        if (!isJsonObject(value)) return typeof value === 'string' ? misspell(value, cut) : value;
        const entries = Object.entries(value);
        return Object.fromEntries(
          entries.map(([key, item], index) => [index === at % entries.length ? misspell(key, cut) : key, item]),
        );
      },
  ),
  fc.tuple(fc.constantFrom('__proto__', 'constructor', 'x', 'a.b', 'toString', 'nodes'), odd).map(
    ([key, item]): Mutation =>
      (value) =>
        isJsonObject(value)
          ? Object.fromEntries([...Object.entries(value), [key, item]])
          : isJsonArray(value)
            ? [...value, item]
            : value,
  ),
);

/** Applies a mutation at a place reached by taking one child after another. */
function mutate(value: Json, way: readonly number[], change: Mutation): Json {
  const [step, ...rest] = way;
  if (step === undefined || value === null || typeof value !== 'object') return change(value);
  if (isJsonArray(value))
    return value.map((item, index) => (index === step % value.length ? mutate(item, rest, change) : item));
  const keys = Object.keys(value);
  return Object.fromEntries(
    Object.entries(value).map(([key, item], index) => [
      key,
      index === step % keys.length ? mutate(item, rest, change) : item,
    ]),
  );
}
const mutated = fc
  .array(fc.tuple(fc.array(fc.nat(30), { maxLength: 6 }), mutation), { minLength: 1, maxLength: 4 })
  .map((changes) => changes.reduce<Json>((value, [way, change]) => mutate(value, way, change), valid));

describe('any specification, however wrong', () => {
  let base: Content = { packs: [] };
  beforeAll(async () => {
    const files = await readPackDirectory(join(fileURLToPath(import.meta.url), '../../../../../content/base'));
    const loaded = files.ok ? loadPackFiles(files.value) : files;
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    base = { packs: [loaded.value.pack] };
  });

  const problemsOf = (document: Json): readonly { readonly path: string; readonly message: string }[] => {
    const spec = normalizeSpecification(document);
    if (!spec.ok) return spec.problems;
    const content = resolvePacks(spec.value, base.packs);
    if (!content.ok) return content.problems;
    return validateSpecification({ spec: spec.value, content: content.value, sites: [here], actual: null, checkValue });
  };

  it('begins as a valid one', () => {
    expect(problemsOf(valid)).toEqual([]);
  });

  it('gives problems with a readable path and a message, or is valid: never an exception', () => {
    fc.assert(
      fc.property(mutated, (document) => {
        for (const problem of problemsOf(document)) {
          expect(parseJsonPath(problem.path)).not.toBeNull();
          expect(problem.message).not.toBe('');
          expect(problem.message.length).toBeLessThan(2000);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is the same as text: what JSON says, YAML says', () => {
    fc.assert(
      fc.property(mutated, (document) => {
        const text = parseSpecification(JSON.stringify(document));
        const direct = normalizeSpecification(JSON.parse(JSON.stringify(document)));
        expect(text.ok).toBe(direct.ok);
        if (text.ok && direct.ok) expect(text.value).toEqual(direct.value);
      }),
      { numRuns: 200 },
    );
  });

  it('is read from any text at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.nat(), (noise, at) => {
        const text = JSON.stringify(valid, null, 1);
        const cut = at % text.length;
        for (const broken of [noise, text.slice(0, cut) + noise + text.slice(cut), text.slice(0, cut)]) {
          const result = parseSpecification(broken);
          if (!result.ok) expect(result.problems.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is refused for one wrong thing by one problem, whichever key it is', () => {
    for (const key of ['name', 'workflow', 'groups']) {
      const document = isJsonObject(valid)
        ? Object.fromEntries(Object.entries(valid).filter(([name]) => name !== key))
        : valid;
      expect(problemsOf(document)).toHaveLength(1);
    }
  });
});
