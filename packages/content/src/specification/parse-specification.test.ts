import { describe, expect, it } from 'vitest';
import { normalizeSpecification } from './normalize-specification.ts';
import { parseSpecification } from './parse-specification.ts';

const edge = `name: edge
workflow: etcd
params: {etcd: {quotaBackendBytes: 2147483648}, "base.hosts": {a: 1}}
groups:
  - name: etcd
    roles: [etcd]
    count: 3
    site: here
    image: debian-12
    size: {cpus: 1, memoryGiB: 1}
`;

const problemsOf = (text: string): string[] => {
  const result = parseSpecification(text, { file: 'edge.yaml' });
  return result.ok ? [] : result.problems.map((p) => `${p.line ?? 0}:${p.column ?? 0} ${p.path} ${p.code}`);
};

describe('parseSpecification', () => {
  it('fills in every default', () => {
    expect(parseSpecification(edge)).toEqual({
      ok: true,
      value: {
        formwork: 1,
        name: 'edge',
        workflow: 'etcd',
        packs: {},
        profiles: [],
        params: { 'base.hosts': { a: 1 }, 'etcd.quotaBackendBytes': 2147483648 },
        groups: [
          {
            name: 'etcd',
            roles: ['etcd'],
            count: 3,
            site: 'here',
            image: 'debian-12',
            size: { cpus: 1, memoryGib: 1 },
            capabilities: [],
            labels: {},
            params: {},
            nodes: {},
            omit: [],
            maxUnavailable: null,
            maxFailed: 0,
          },
        ],
        converge: 'manual',
        priority: 0,
        ttlMs: null,
      },
    });
  });

  it('reads JSON as it reads YAML, tabs and all', () => {
    const json = JSON.stringify({ name: 'edge', workflow: 'etcd', ttl: '2h', groups: [] }, null, '\t');
    expect(problemsOf(json)).toEqual(['5:2 $.groups bad-value']);
  });

  it('says everything at once, each with its place and what was meant', () => {
    const result = parseSpecification(
      `name: Edge\nworkflow: etcd\nconverg: auto\ngroups:\n  - name: etcd\n    roles: etcd\n    count: 0\n    site: here\n    size: {cpus: many}\n    params:\n      etcd.dataDir: /x\n      etcd: {dataDir: /y}\n`,
    );
    expect(result.ok ? [] : result.problems).toEqual([
      {
        code: 'unknown-key',
        path: '$.converg',
        message: "unknown key 'converg'",
        remedy: "did you mean 'converge'?",
        line: 3,
        column: 1,
      },
      expect.objectContaining({ code: 'bad-format', path: '$.name', line: 1 }),
      expect.objectContaining({
        code: 'wrong-type',
        path: '$.groups[0].roles',
        message: 'must be an array, found "etcd"',
      }),
      expect.objectContaining({
        code: 'out-of-range',
        path: '$.groups[0].count',
        remedy: 'a group has 1 to 5000 nodes; to retire a group, leave it out of the specification',
        line: 7,
      }),
      expect.objectContaining({ code: 'wrong-type', path: '$.groups[0].size.cpus', line: 9 }),
      expect.objectContaining({ code: 'duplicate-param', path: '$.groups[0].params.etcd.dataDir', line: 12 }),
    ]);
  });

  it.each([
    ['-1', 'out-of-range'],
    ['1e9', 'out-of-range'],
    ['1.5', 'wrong-type'],
    ['"3"', 'wrong-type'],
    ['.inf', 'not-json'],
  ])('refuses count %s', (count, code) => {
    expect(problemsOf(edge.replace('count: 3', `count: ${count}`))).toEqual([`7:5 $.groups[0].count ${code}`]);
  });

  it.each([
    ['a duplicate key', `${edge}name: again\n`, ['11:1 $ duplicate-key']],
    ['two documents', `${edge}---\na: 1\n`, ['11:1 $ syntax']],
    ['a prototype key', `${edge}__proto__: {x: 1}\n`, ['11:1 $.__proto__ forbidden-key']],
    [
      'a constructor key',
      edge.replace('{cpus: 1', '{constructor: 1'),
      ['10:12 $.groups[0].size.constructor forbidden-key'],
    ],
    ['a tag', edge.replace('count: 3', 'count: !!js/function 3'), ['7:12 $ syntax']],
    ['no document', '', ['1:1 $ wrong-type']],
    ['a list', '- a', ['1:1 $ wrong-type']],
    [
      'a long host name',
      edge.replace('name: edge', `name: ${'a'.repeat(40)}`).replace('name: etcd', `name: ${'b'.repeat(30)}`),
      ['5:5 $.groups[0].name name-too-long'],
    ],
    ['a bad range', `${edge}packs: {etcd: latest}`, ['11:9 $.packs.etcd bad-range']],
    ['draining', edge.replace('count: 3', 'drain: none\n    count: 3'), ['7:5 $.groups[0].drain not-available-yet']],
    [
      'a disruption limit',
      edge.replace('count: 3', 'maxUnavailable: 1\n    count: 3'),
      ['7:5 $.groups[0].maxUnavailable not-available-yet'],
    ],
    ['converging by itself', `${edge}converge: auto`, ['11:1 $.converge not-available-yet']],
  ])('refuses %s', (_what, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  it('refuses alias bombs, deep nesting and huge texts quickly', () => {
    let bomb = 'a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n';
    for (let i = 1; i < 9; i += 1)
      bomb += `a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(',')}]\n`;
    expect(problemsOf(bomb)).toEqual(['0:0 $ alias']);
    expect(problemsOf(`a: ${'['.repeat(100)}${']'.repeat(100)}`)[0]).toContain('too-deep');
    expect(problemsOf(`a: ${'['.repeat(20_000)}${']'.repeat(20_000)}`)).not.toEqual([]);
    expect(problemsOf('['.repeat(100_000))).not.toEqual([]);
    expect(problemsOf(' '.repeat(5_000_000))).toEqual(['0:0 $ too-large']);
  });
});

describe('normalizeSpecification', () => {
  it('makes equal wishes equal', () => {
    const one = normalizeSpecification({
      name: 'edge',
      workflow: 'etcd',
      groups: [{ name: 'gg', roles: ['bb', 'aa'], count: 1, site: 'here', omit: [3, 2] }],
    });
    const two = normalizeSpecification({
      formwork: 1,
      groups: [{ omit: [2, 3], site: 'here', count: 1, roles: ['aa', 'bb'], name: 'gg', labels: {} }],
      workflow: 'etcd',
      name: 'edge',
      priority: 0,
    });
    expect(one.ok).toBe(true);
    expect(one).toEqual(two);
  });

  it.each([[undefined], [() => 1], [new Date(0)], [Symbol('x')], [10n], [new Map()], [JSON.parse('{"__proto__": 1}')]])(
    'refuses what is no JSON (%#)',
    (document: unknown) => {
      expect(normalizeSpecification(document).ok).toBe(false);
    },
  );

  it('ends on a cycle', () => {
    const cycle: Record<string, unknown> = { name: 'edge' };
    cycle['params'] = cycle;
    expect(normalizeSpecification(cycle).ok).toBe(false);
  });
});
