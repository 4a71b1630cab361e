import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Pack } from '@formwork/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadPacks, readPackDirectory } from './load-pack.ts';
import { loadPackFiles } from './load-pack-files.ts';
import type { PackFiles } from './pack-source.ts';

const content = join(fileURLToPath(import.meta.url), '../../../../../content');

const small: PackFiles = {
  'pack.yaml':
    'name: small\nversion: 1.0.0\nparams:\n  port: {type: integer, minimum: 1, default: 80, disruption: restart}\n',
  'roles/machine/role.yaml': 'executor: provider\nprovides: [machine-ready]\noutputs: {host: {type: string}}\n',
  'roles/web/role.yaml': [
    'requires: [{role: machine-ready, outputs: [host]}]',
    'uses: [small.port]',
    'facts: [address]',
    'steps: {apply: apply.sh}',
    'files: [{from: web.conf.liquid, to: web.conf}]',
    'outputs: {url: {type: string, value: "http://{{ facts.address }}:{{ params.small.port }}"}}',
    '',
  ].join('\n'),
  'roles/web/apply.sh': '#!/bin/sh\n. ./lib.sh\n',
  'roles/web/lib.sh': 'echo\n',
  'roles/web/web.conf.liquid': 'listen {{ params["small.port"] }} on {{ requires.machine-ready.host }}\n',
  'workflows/web.yaml':
    'slots: {web: {min: 1}}\nstages:\n  - {name: machine, nodes: {"*": [machine-ready]}}\n  - {name: web, nodes: {web: [web]}}\n',
  'profiles/many.yaml': 'params: {small: {port: 8080}}\n',
};

const problems = (files: PackFiles, dependencies: readonly Pack[] | null = null): string[] => {
  const result = loadPackFiles(files, dependencies);
  if (result.ok) return [];
  return result.problems.map((p) => `${p.file ?? ''}:${p.line ?? 0} ${p.path} ${p.code}`);
};
const edited = (file: string, from: string, to: string): PackFiles => {
  expect(small[file]).toContain(from);
  return { ...small, [file]: (small[file] ?? '').replace(from, to) };
};
const role = 'roles/web/role.yaml';

describe('loadPackFiles', () => {
  it('loads a sound pack with its bundles', () => {
    const result = loadPackFiles(small);
    expect(result.ok ? [] : result.problems).toEqual([]);
    if (!result.ok) return;
    expect(result.value.pack.roles.map((r) => r.name)).toEqual(['machine', 'web']);
    const web = result.value.bundles.find((bundle) => bundle.role.name === 'web');
    expect(web?.shared.map((param) => param.fullName)).toEqual(['small.port']);
    expect(Object.keys(web?.files ?? {}).sort()).toEqual(['apply.sh', 'lib.sh', 'web.conf.liquid']);
    expect(web?.role).toMatchObject({ lane: 'main', timeoutMs: 600_000, placement: 'each', executor: 'script' });
  });

  it.each([
    ['an unknown key', role, 'steps:', 'stepz:', [`${role}:4 $.stepz unknown-key`]],
    [
      'an unknown role',
      role,
      'role: machine-ready',
      'role: machine-raedy',
      [`${role}:1 $.requires[0] unknown-role`, `roles/web/web.conf.liquid:1 $ unknown-variable`],
    ],
    [
      'an undeclared output',
      role,
      'outputs: [host]',
      'outputs: [hots]',
      [`${role}:1 $.requires[0].outputs[0] unknown-output`, 'roles/web/web.conf.liquid:1 $ unknown-variable'],
    ],
    [
      'an unknown shared parameter',
      role,
      'uses: [small.port]',
      'uses: [small.port, small.prot]',
      [`${role}:2 $.uses[1] unknown-param`],
    ],
    [
      'a missing script',
      role,
      'apply: apply.sh',
      'apply: aply.sh',
      [
        `${role}:4 $.steps.apply missing-file`,
        'roles/web/apply.sh:0 $ unused-file',
        'roles/web/lib.sh:0 $ unused-file',
      ],
    ],
    ['an undeclared fact', role, 'facts: [address]\n', '', [`${role}:5 $.outputs.url.value unknown-variable`]],
    [
      'a filter that does not exist',
      role,
      '{{ facts.address }}',
      '{{ facts.address | upcas }}',
      [`${role}:6 $.outputs.url.value bad-template`],
    ],
    [
      'an output without value or example',
      role,
      ', value: "http://{{ facts.address }}:{{ params.small.port }}"',
      '',
      [`${role}:6 $.outputs.url missing-key`],
    ],
    ['value and example', role, '"}}', '", example: x}}', [`${role}:6 $.outputs.url.example bad-combination`]],
    [
      'no step',
      role,
      'steps: {apply: apply.sh}',
      'steps: {}',
      [`${role}:4 $.steps missing-key`, 'roles/web/apply.sh:0 $ unused-file', 'roles/web/lib.sh:0 $ unused-file'],
    ],
    [
      'a template that names nothing',
      'roles/web/web.conf.liquid',
      'small.port',
      'small.prot',
      ['roles/web/web.conf.liquid:1 $ unknown-variable'],
    ],
    [
      'a file of another kind',
      'roles/web/web.conf.liquid',
      'listen',
      "{% include 'x' %}",
      ['roles/web/web.conf.liquid:1 $ bad-template'],
    ],
    ['no shebang', 'roles/web/apply.sh', '#!/bin/sh', '#!/bin/bash', ['roles/web/apply.sh:1 $ bad-script']],
    ['Windows line ends', 'roles/web/lib.sh', 'echo\n', 'echo\r\n', ['roles/web/lib.sh:1 $ bad-script']],
    [
      'a default out of its range',
      'pack.yaml',
      'default: 80',
      'default: 0',
      ['pack.yaml:4 $.params.port.default out-of-range'],
    ],
    [
      'a misspelt schema keyword',
      'pack.yaml',
      'minimum: 1',
      'minimun: 1',
      ['pack.yaml:4 $.params.port.minimun bad-schema'],
    ],
    ['no version', 'pack.yaml', 'version: 1.0.0', 'version: one', ['pack.yaml:2 $.version bad-version']],
    [
      'a profile of nothing',
      'profiles/many.yaml',
      'port: 8080',
      'prot: 8080',
      ['profiles/many.yaml:1 $.params.small.prot unknown-param'],
    ],
    [
      'a profile value of the wrong type',
      'profiles/many.yaml',
      '8080',
      '"8080"',
      ['profiles/many.yaml:1 $.params.small.port wrong-type'],
    ],
    [
      'an unknown slot',
      'workflows/web.yaml',
      'nodes: {web:',
      'nodes: {wbe:',
      ['workflows/web.yaml:4 $.stages[1].nodes.wbe unknown-slot'],
    ],
    [
      'an unknown role in a stage',
      'workflows/web.yaml',
      '[web]',
      '[wbe]',
      ['workflows/web.yaml:4 $.stages[1].nodes.web[0] unknown-role'],
    ],
    [
      'a role on the wrong side',
      'workflows/web.yaml',
      'nodes: {web: [web]}',
      'deployment: [web]',
      ['workflows/web.yaml:4 $.stages[1].deployment[0] bad-combination'],
    ],
    ['a cycle', role, 'facts:', 'after: [web]\nfacts:', [`${role}:1 $ cycle`]],
    [
      'an executor to come',
      role,
      'steps: {apply: apply.sh}',
      'steps: {apply: apply.sh}\nexecutor: helm',
      [`${role}:5 $.executor not-available-yet`],
    ],
    ['a predicate', role, 'facts:', 'when: "true"\nfacts:', [`${role}:3 $.when not-available-yet`]],
    [
      'a lease',
      role,
      'url: {',
      'url: {ttl: 1h, minRemaining: 5m, ',
      [`${role}:6 $.outputs.url.ttl not-available-yet`, `${role}:6 $.outputs.url.minRemaining not-available-yet`],
    ],
    ['a bad limit', role, 'facts:', 'limits: {max: 0%}\nfacts:', [`${role}:3 $.limits.max bad-format`]],
    ['a bad duration', role, 'facts:', 'timeout: 10 minutes\nfacts:', [`${role}:3 $.timeout bad-format`]],
    ['a way out of the folder', role, 'apply: apply.sh', 'apply: ../../x.sh', [`${role}:4 $.steps.apply bad-format`]],
  ])('refuses %s, saying where', (_what, file, from, to, expected) => {
    expect(problems(edited(file, from, to))).toEqual(expected);
  });

  it('names both places where a requirement contradicts the stages', () => {
    const result = loadPackFiles({
      ...small,
      'workflows/web.yaml':
        'slots: {web: {min: 1}}\nstages:\n  - {name: web, nodes: {web: [web]}}\n  - {name: machine, nodes: {"*": [machine-ready]}}\n',
    });
    expect(result.ok ? [] : result.problems).toEqual([
      {
        code: 'stage-order',
        file: 'workflows/web.yaml',
        path: '$.stages[0].nodes.web[0]',
        line: 3,
        column: 31,
        message:
          "'web' in stage 'web' requires 'machine', which $.stages[1].nodes['*'][0] puts into the later stage 'machine'",
        remedy: "move 'machine' to an earlier stage, or 'web' to a later one",
      },
    ]);
  });

  it('never shows a secret in an open output', () => {
    const files: PackFiles = {
      ...edited(role, 'params.small.port', 'params.small.token'),
      'pack.yaml': `${small['pack.yaml'] ?? ''}  token: {type: string, secret: true}\n`,
    };
    const withUse = { ...files, [role]: files[role]?.replace('[small.port]', '[small.port, small.token]') ?? '' };
    expect(problems(withUse)).toEqual([`${role}:6 $.outputs.url.value secret-exposed`]);
  });

  it('says everything at once', () => {
    expect(
      problems({
        ...small,
        'pack.yaml': 'name: small\nname: twice\n',
        [role]: '{',
        'extra.txt': 'x',
        'procedures/p.yaml': 'x',
        'roles/empty/a.sh': 'x',
      }).map((line) => line.replace(/:\d+/, '')),
    ).toEqual([
      'pack.yaml $ duplicate-key',
      `${role} $ syntax`,
      'extra.txt $ unused-file',
      'procedures/p.yaml $ not-available-yet',
      'roles/empty/a.sh $ missing-file',
      'profiles/many.yaml $.params.small.port unknown-param',
    ]);
  });
});

describe('role digests', () => {
  const digestOf = (files: PackFiles): string => {
    const result = loadPackFiles(files);
    return result.ok
      ? (result.value.pack.roles.find((r) => r.name === 'web')?.digest ?? '')
      : JSON.stringify(result.problems);
  };
  const digest = digestOf(small);

  it('change with what the role does', () => {
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    for (const files of [
      edited('roles/web/lib.sh', 'echo', 'exit'),
      edited('roles/web/web.conf.liquid', 'listen', 'bind'),
      edited(role, 'http://', 'https://'),
      edited('roles/web/apply.sh', './lib.sh', 'lib.sh'),
    ]) {
      expect(digestOf(files)).not.toBe(digest);
    }
  });

  it('stay with what it is called, how long it may take and how often it is tried', () => {
    for (const files of [
      edited(role, 'facts:', 'summary: Serves.\nfacts:'),
      edited(role, 'facts:', 'timeout: 1h\nfacts:'),
      edited(role, 'facts:', 'limits: {max: 1, lock: one-web}\nfacts:'),
      edited(role, 'facts:', 'retry: {attempts: 9}\nfacts:'),
      edited('pack.yaml', 'default: 80', 'default: 81'),
      { ...small, 'roles/web/README.md': 'Read me.' },
    ]) {
      expect(digestOf(files)).toBe(digest);
    }
  });
});

describe('the bundled packs', () => {
  let base: PackFiles = {};
  beforeAll(async () => {
    const files = await readPackDirectory(join(content, 'base'));
    if (files.ok) base = files.value;
  });

  it('have no problem', async () => {
    const result = await loadPacks([join(content, 'base'), join(content, 'etcd')]);
    expect(result.ok ? [] : result.problems).toEqual([]);
  });

  it('must be there: a pack that builds on one that is not is refused', async () => {
    const result = await loadPacks([join(content, 'etcd')]);
    expect(result.ok ? [] : result.problems.map((p) => p.code)).toContain('missing-pack');
  });

  it('are found to be wrong when a name that others use changes', () => {
    const files = { ...base, 'pack.yaml': (base['pack.yaml'] ?? '').replace('  ntpServers:', '  ntpServer:') };
    const result = loadPackFiles(files);
    expect(result.ok ? [] : result.problems).toMatchObject([
      {
        code: 'unknown-param',
        file: 'roles/host-time/role.yaml',
        path: '$.uses[0]',
        remedy: "did you mean 'base.ntpServer'?",
      },
    ]);
  });
});
