import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Actual, ActualNodeRole, Catalogue, Content, Pack, Problem, SiteView } from '@formwork/core';
import { validateSpecification, wantedNodes } from '@formwork/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadPackFiles } from '../pack/load-pack-files.ts';
import { dependenciesOf, readPackDirectory } from '../pack/load-pack.ts';
import { checkValue } from '../schema/check-value.ts';
import { normalizeSpecification } from './normalize-specification.ts';
import { resolvePacks } from './resolve-packs.ts';

const directory = join(fileURLToPath(import.meta.url), '../../../../../content');

const catalogue: Catalogue = {
  at: '2026-01-01T00:00:00Z',
  images: [{ name: 'debian-12', arch: 'amd64', description: 'Debian 12' }],
  sizes: [{ name: 'small', cpus: 1, memoryGib: 1, diskGib: null, hourlyPrice: null }],
  custom: { maxCpus: 4, maxMemoryGib: 8, maxDiskGib: 100 },
  zones: [],
  capabilities: ['nested'],
  quota: { nodes: 10, used: 0 },
  pool: 0,
};
const here: SiteView = {
  name: 'here',
  provider: 'local',
  capabilities: { 'machine-ready': 'machine' },
  params: { 'base.aptProxy': 'http://10.0.0.1:3142' },
  catalogue,
  maxNodes: 8,
};
const edge = {
  name: 'edge',
  workflow: 'etcd',
  params: { etcd: { quotaBackendBytes: 2147483648 } },
  groups: [
    {
      name: 'etcd',
      roles: ['etcd'],
      count: 3,
      site: 'here',
      image: 'debian-12',
      size: { cpus: 1, memoryGiB: 1 } as unknown,
    },
  ],
};

let packs: readonly Pack[] = [];

async function loaded(name: string, known: readonly Pack[]): Promise<Pack> {
  const files = await readPackDirectory(join(directory, name));
  if (!files.ok) throw new Error(JSON.stringify(files.problems));
  // Of the tasks only etcd-backup, so that what is suggested does not depend on what else the packs have to offer.
  const kept = Object.entries(files.value).filter(([path]) => !/^roles\/(etcd-restore|host-upgrade)\//.test(path));
  const result = loadPackFiles(Object.fromEntries(kept), known);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  expect(dependenciesOf(result.value.pack, known)).toEqual(known);
  return result.value.pack;
}
beforeAll(async () => {
  const base = await loaded('base', []);
  packs = [base, await loaded('etcd', [base])];
});

function contentOf(document: object): Content {
  const spec = normalizeSpecification(document);
  const content = spec.ok ? resolvePacks(spec.value, packs) : spec;
  if (!content.ok) throw new Error(JSON.stringify(content.problems));
  return content.value;
}

function validate(document: object, sites: readonly SiteView[] = [here], actual: Actual | null = null): Problem[] {
  const spec = normalizeSpecification(document);
  if (!spec.ok) throw new Error(JSON.stringify(spec.problems));
  const content = resolvePacks(spec.value, packs);
  return validateSpecification({
    spec: spec.value,
    content: content.ok ? content.value : { packs },
    sites,
    actual,
    checkValue,
  });
}
const withGroup = (changes: object, more: object[] = []): object => ({
  ...edge,
  groups: [{ ...edge.groups[0], ...changes }, ...more],
});
const brief = (problems: readonly Problem[]): string[] =>
  problems.map((p) => `${p.path} ${p.code}${p.remedy === undefined ? '' : `: ${p.remedy}`}`);

describe('validateSpecification, on nothing yet', () => {
  it('accepts the worked example', () => {
    expect(validate(edge)).toEqual([]);
    expect(contentOf(edge).packs.map((pack) => pack.name)).toEqual(['base', 'etcd']);
  });

  it('accepts parameters of tasks that can run here, and of the group and its nodes', () => {
    expect(validate({ ...edge, params: { 'etcd-backup': { path: '/srv/e.snap' } } })).toEqual([]);
    expect(
      validate(
        withGroup({
          params: { base: { sysctl: { 'vm.swappiness': 1 } } },
          nodes: { 'edge-etcd-2': { params: { base: { packages: ['jq'] } } } },
        }),
      ),
    ).toEqual([]);
  });

  it.each([
    ['an unknown workflow', { ...edge, workflow: 'etdc' }, ["$.workflow unknown-workflow: did you mean 'etcd'?"]],
    ['an unknown profile', { ...edge, profiles: ['ha'] }, ['$.profiles[0] unknown-profile']],
    ['an unknown slot', withGroup({ roles: ['etc'] }), ["$.groups[0].roles[0] unknown-slot: did you mean 'etcd'?"]],
    ['an unknown site', withGroup({ site: 'hree' }), ["$.groups[0].site unknown-site: did you mean 'here'?"]],
    ['two groups of one name', withGroup({}, [{ ...edge.groups[0] }]), ['$.groups[1].name duplicate-name: rename one']],
    [
      'settings of a node that is none',
      withGroup({ nodes: { 'edge-etcd-4': {} } }),
      ["$.groups[0].nodes['edge-etcd-4'] unknown-node: did you mean 'edge-etcd-1'?"],
    ],
    [
      'settings of an omitted node',
      withGroup({ omit: [2], nodes: { 'edge-etcd-2': {}, 'edge-etcd-4': {} } }),
      ["$.groups[0].nodes['edge-etcd-2'] unknown-node: did you mean 'edge-etcd-1'?"],
    ],
    [
      'a misspelt parameter',
      { ...edge, params: { etcd: { quotaBackendByte: 1 } } },
      ["$.params.etcd.quotaBackendByte unknown-param: did you mean 'etcd.quotaBackendBytes'?"],
    ],
    [
      'a misspelt parameter of a group',
      withGroup({ params: { 'etcd.dataDri': '/x' } }),
      ["$.groups[0].params.etcd.dataDri unknown-param: did you mean 'etcd.dataDir'?"],
    ],
    [
      'a misspelt parameter of a node',
      withGroup({ nodes: { 'edge-etcd-1': { params: { base: { pakages: [] } } } } }),
      ["$.groups[0].nodes['edge-etcd-1'].params.base.pakages unknown-param: did you mean 'base.packages'?"],
    ],
    [
      'a value of the wrong type',
      { ...edge, params: { base: { sysctl: { 'vm.swappiness': [] } } } },
      ["$.params.base.sysctl['vm.swappiness'] wrong-type"],
    ],
    [
      'a value out of range',
      withGroup({ params: { etcd: { quotaBackendBytes: 1 } } }),
      ['$.groups[0].params.etcd.quotaBackendBytes out-of-range: it must be >= 67108864'],
    ],
    [
      'a parameter of the deployment at a group',
      withGroup({ params: { 'etcd-backup': { path: '/x' } } }),
      ["$.groups[0].params['etcd-backup'].path unused-param: set it under params of the deployment"],
    ],
    [
      'an image the site has not',
      withGroup({ image: 'debian-11' }),
      ["$.groups[0].image unknown-image: did you mean 'debian-12'?"],
    ],
    [
      'an architecture the image is not for',
      withGroup({ size: { arch: 'arm64' } }),
      ['$.groups[0].image unknown-image: it is for amd64'],
    ],
    ['a size the site has not', withGroup({ size: 'smal' }), ["$.groups[0].size unknown-size: did you mean 'small'?"]],
    [
      'a size too large',
      withGroup({ size: { cpus: 64 } }),
      ['$.groups[0].size unknown-size: it offers at most 4 cpus, 8 GiB of memory and any GiB of disk'],
    ],
    [
      'a capability nobody has',
      withGroup({ capabilities: ['nestd'] }),
      ["$.groups[0].capabilities[0] unknown-capability: did you mean 'nested'?"],
    ],
    [
      'more nodes than the site takes',
      withGroup({ count: 12 }),
      [
        '$.groups[0].count site-limit: lower the count, or raise maxNodes of the site',
        '$.groups[0].count quota: lower the count, free nodes there, or raise the quota',
      ],
    ],
  ])('refuses %s', (_what, document, expected) => {
    expect(brief(validate(document))).toEqual(expected);
  });

  it('says everything at once', () => {
    const problems = validate({
      ...withGroup({ image: 'x', size: 'y', site: 'here', params: { a: {}, etcd: { nope: 1 } }, nodes: { zz: {} } }),
      profiles: ['ha', 'dev'],
      params: { etcd: { snapshotCount: 'many' } },
    });
    expect(problems.map((p) => p.code).sort()).toEqual(
      [
        'unknown-image',
        'unknown-node',
        'unknown-param',
        'unknown-profile',
        'unknown-profile',
        'unknown-size',
        'wrong-type',
      ].sort(),
    );
  });

  it('names the site that does not provide what the workflow asks for', () => {
    const bare: SiteView = { ...here, capabilities: { 'machine-ready': 'bare-metal-machine' } };
    expect(brief(validate(edge, [bare]))[0]).toContain('$.groups[0].site missing-requirement');
  });

  it('refuses what a site may not set, and what does not fit', () => {
    const site: SiteView = { ...here, params: { 'base.packages': ['jq'], 'base.timeSync': 'maybe', 'k8s.x': 1 } };
    expect(brief(validate(edge, [site]))).toEqual([
      '$.groups[0].site not-site-scope: take it out of the site and set it in the deployment',
      '$.groups[0].site not-allowed: use one of: required, sane',
    ]);
  });
});

describe('validateSpecification, on what is there', () => {
  const actualOf = (document: object, applied: Record<string, string | number>): Actual => {
    const spec = normalizeSpecification(document);
    if (!spec.ok) throw new Error('no specification');
    const nodes = wantedNodes(spec.value);
    return {
      committed: spec.value,
      committedVersion: 1,
      nodes: nodes.map(({ name, ordinal, group }) => ({
        id: name,
        name,
        group: group.name,
        ordinal,
        site: group.site,
        state: 'ready',
        origin: 'created',
        lost: false,
        image: group.image,
        size: group.size,
        capabilities: [],
        facts: {},
        version: 1,
      })),
      nodeRoles: nodes.map(
        ({ name }): ActualNodeRole => ({
          id: name,
          key: `etcd-member@${name}`,
          role: 'etcd-member',
          as: 'etcd-member',
          node: name,
          state: { state: 'active' },
          applied: {
            inputHash: 'x',
            inputs: { params: applied, facts: {}, requires: {}, needs: {} },
            roleDigest: 'x',
            outputs: {},
            at: '2026-01-01T00:00:00Z',
            clean: true,
          },
          founder: true,
          everStarted: true,
          version: 1,
        }),
      ),
      founders: {},
      once: {},
    };
  };
  const actual = actualOf(edge, { 'etcd.dataDir': '/var/lib/etcd/formwork', 'etcd.quotaBackendBytes': 2147483648 });

  it('accepts what may change: parameters, counts, omitted ordinals, new groups', () => {
    expect(validate({ ...edge, params: { etcd: { quotaBackendBytes: 4294967296 } } }, [here], actual)).toEqual([]);
    expect(validate(withGroup({ count: 5, omit: [2] }), [here], actual)).toEqual([]);
    expect(
      validate(withGroup({}, [{ ...edge.groups[0], name: 'more', count: 1, image: null }]), [here], actual),
    ).toEqual([]);
  });

  it('refuses an immutable parameter once, saying where it is set and what to do', () => {
    expect(validate(withGroup({ params: { etcd: { dataDir: '/srv/etcd' } } }), [here], actual)).toEqual([
      {
        code: 'immutable',
        path: '$.groups[0].params.etcd.dataDir',
        message:
          '\'etcd.dataDir\' cannot change from "/var/lib/etcd/formwork" to "/srv/etcd": the role \'etcd-member\' has been applied with it',
        remedy:
          'set it back to "/var/lib/etcd/formwork"; another value takes a new deployment, or destroying this one and creating it anew',
      },
    ]);
    const node = withGroup({ nodes: { 'edge-etcd-2': { params: { etcd: { dataDir: '/srv' } } } } });
    expect(brief(validate(node, [here], actual))[0]).toContain(
      "$.groups[0].nodes['edge-etcd-2'].params.etcd.dataDir immutable",
    );
    const added = withGroup({ count: 4, nodes: { 'edge-etcd-4': { params: { etcd: { dataDir: '/srv' } } } } });
    expect(validate(added, [here], actual)).toEqual([]);
  });

  it('refuses other machines under nodes that are there', () => {
    const big = { ...here, name: 'there', catalogue: null };
    const problems = validate(
      withGroup({ site: 'there', image: null, size: { cpus: 2, memoryGiB: 1 }, capabilities: ['nested'] }),
      [here, big],
      actual,
    );
    expect(problems.map((p) => `${p.path} ${p.code}`)).toEqual([
      '$.groups[0].site fixed',
      '$.groups[0].image fixed',
      '$.groups[0].size fixed',
      '$.groups[0].capabilities fixed',
    ]);
    expect(problems[1]?.remedy).toBe(
      "add a second group with the new image, apply, then take 'etcd' out; or destroy the deployment and create it anew",
    );
  });

  it('refuses another workflow', () => {
    const problems = validate(
      { ...edge, workflow: 'base', params: {}, groups: [{ ...edge.groups[0], roles: ['host'] }] },
      [here],
      actual,
    );
    expect(problems.map((p) => `${p.path} ${p.code}`)).toEqual(['$.workflow fixed', '$.groups[0].roles fixed']);
  });
});
