import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/database.ts';
import { rowCounts } from '../testing/row-counts.ts';
import { openTestServer, type TestServer } from '../testing/test-server.ts';

let postgres: TestDatabase;
let server: TestServer;
beforeAll(async () => {
  postgres = await startTestDatabase();
  server = await openTestServer(postgres.url);
  await server.call('POST', '/api/v1/sites', { body: { name: 'here', provider: 'sim' } });
});
afterAll(async () => {
  await server.close();
  await postgres.stop();
});

const put = (body: unknown, name = 'edge') => server.call('PUT', `/api/v1/deployments/${name}`, { body });
const problemsIn = (
  body: unknown,
): readonly { readonly code: string; readonly path: string; readonly line?: number }[] => {
  const problems: unknown = Reflect.get(Object(body), 'problems');
  return Array.isArray(problems) ? (problems as { code: string; path: string; line?: number }[]) : [];
};

describe('a bad specification', () => {
  it('comes back with every problem at once, each with its path and line, and changes nothing', async () => {
    const before = await rowCounts(server.db);
    const answer = await put(
      [
        'formwork: 1',
        'name: edge',
        'workflow: etcd',
        'params: {etcd: {quotaBackendBites: 3, heartbeatMs: many}}',
        'groups:',
        '  - {name: etcd, roles: [etcd], count: 3, site: hear}',
        '  - {name: etcd, roles: [etdc], count: 2, site: here}',
      ].join('\n'),
    );
    expect(answer).toMatchObject({ status: 422, body: { code: 'invalid-specification' } });
    const problems = problemsIn(answer.body);
    const paths = problems.map((problem) => problem.path);
    for (const path of [
      '$.params.etcd.quotaBackendBites',
      '$.groups[0].site',
      '$.groups[1].name',
      '$.groups[1].roles[0]',
    ]) {
      expect(paths).toContain(path);
    }
    expect(problems.find((problem) => problem.path === '$.groups[0].site')?.line).toBe(6);
    expect(await rowCounts(server.db)).toEqual(before);
  });

  it('does not hide what its content is about behind what its shape is', async () => {
    const groups = [
      { name: 'etcd', roles: ['etcd'], count: -1, site: 'hear', imag: 'debian-12' },
      { name: 'etcd', roles: ['etdc'], count: 1e9, site: 'here' },
    ];
    const params = { etcd: { quotaBackendBites: 3, snapshotCount: 'many' } };
    const answer = await put({ name: 'edge', workflow: 'etcd', params, groups });
    expect(answer.status).toBe(422);
    expect(
      problemsIn(answer.body)
        .map((problem) => problem.path)
        .sort(),
    ).toEqual([
      '$.groups[0].count',
      '$.groups[0].imag',
      '$.groups[0].site',
      '$.groups[1].count',
      '$.groups[1].name',
      '$.groups[1].roles[0]',
      '$.params.etcd.quotaBackendBites',
      '$.params.etcd.snapshotCount',
    ]);
  });

  it.each([0, -1, 1e9])('with a count of %s is refused with what to do', async (count) => {
    const group = { name: 'host', roles: ['host'], count, site: 'here' };
    const answer = await put({ formwork: 1, name: 'edge', workflow: 'base', groups: [group] });
    expect(answer.status).toBe(422);
    expect(problemsIn(answer.body)).toEqual([
      expect.objectContaining({ path: '$.groups[0].count', remedy: expect.stringContaining('1 to 5000') as string }),
    ]);
  });

  it('names another deployment than the path, or a secret of somebody else', async () => {
    const group = { name: 'host', roles: ['host'], count: 1, site: 'here' };
    const document = { formwork: 1, name: 'edge', workflow: 'base', groups: [group] };
    expect(problemsIn((await put(document, 'other')).body)).toMatchObject([{ code: 'name-mismatch', path: '$.name' }]);
    const stolen = { $secret: { ref: 'deployment:x/ssh-key', version: 1, digest: '' } };
    const answer = await put({ ...document, params: { base: { hosts: { a: stolen } } } });
    expect(answer.status).toBe(422);
    expect(problemsIn(answer.body)).toContainEqual(expect.objectContaining({ code: 'foreign-secret' }));
  });
});

const valid = {
  formwork: 1,
  name: 'edge',
  workflow: 'etcd',
  packs: { etcd: '^1' },
  params: { etcd: { quotaBackendBytes: 2147483648 }, base: { packages: ['jq'] } },
  groups: [
    {
      name: 'etcd',
      roles: ['etcd'],
      count: 3,
      site: 'here',
      image: 'debian-12',
      size: { cpus: 1, memoryGiB: 1 },
      labels: { a: 'b' },
      nodes: { 'edge-etcd-1': { params: {} } },
      omit: [7],
    },
  ],
  ttl: '2h',
};

const odd = fc.constantFrom<unknown>(
  null,
  true,
  -1,
  0,
  1e9,
  0.5,
  '',
  '../..',
  'x'.repeat(300),
  [],
  {},
  [[]],
  '{{ x }}',
  '💥',
  '\ud800',
  '\0',
  { $secret: { ref: 'a/b' } },
);
type Place = readonly number[];

/** Replaces, removes, renames or adds something at a place that is reached by taking one child after another. */
function mutate(value: unknown, way: Place, how: number, what: unknown): unknown {
  const [step, ...rest] = way;
  const isTree = typeof value === 'object' && value !== null;
  if (step !== undefined && isTree) {
    const keys = Object.keys(value);
    if (keys.length > 0) {
      const key = keys[step % keys.length] ?? '';
      const child: unknown = Reflect.get(value, key);
      if (Array.isArray(value))
        return value.map((item: unknown, at) => (String(at) === key ? mutate(item, rest, how, what) : item));
      if (how === 1 && rest.length === 0)
        return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
      if (how === 2 && rest.length === 0) {
        return Object.fromEntries(
          Object.entries(value).map(([name, item]) => [name === key ? name.slice(1) : name, item as unknown]),
        );
      }
      return { ...value, [key]: mutate(child, rest, how, what) };
    }
  }
  return how === 3 && isTree && !Array.isArray(value) ? { ...value, surprise: what } : what;
}

it('never fails on 200 mutated specifications, and never applies one by half', async () => {
  const change = fc.tuple(fc.array(fc.nat(20), { maxLength: 5 }), fc.nat(3), odd);
  const mutated = fc.array(change, { minLength: 1, maxLength: 3 });
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(mutated, fc.boolean(), async (changes, asText) => {
      const document = changes.reduce<unknown>((value, [way, how, what]) => mutate(value, way, how, what), valid);
      const before = await rowCounts(server.db);
      const answer = await put(asText ? JSON.stringify(document) : document);
      expect([200, 201, 400, 422]).toContain(answer.status);
      if (answer.status < 300) return;
      refused += 1;
      expect(await rowCounts(server.db)).toEqual(before);
      expect(answer.body).toMatchObject({ type: expect.stringMatching(/^urn:formwork:problem:/) as string });
      if (answer.status === 422) expect(problemsIn(answer.body).length).toBeGreaterThan(0);
      expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|at .*\.ts:\d/);
    }),
    { numRuns: 200 },
  );
  expect(refused).toBeGreaterThan(50);
}, 120_000);
