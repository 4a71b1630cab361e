import { execFileSync } from 'node:child_process';
import { readFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inputFrames } from './input-frames.ts';
import { resolveSecretPath, secretValues } from './secret-paths.ts';
import { tarArchive } from './tar-archive.ts';

const inputs = {
  params: { 'etcd.quotaBackendBytes': 2147483648, 'x.password': 'hunter22', 'a.on': false, 'a.none': null },
  facts: { address: '10.77.0.11' },
  requires: { 'etcd-cert': { certificate: 'CERT\n', key: 'KEY', name: 'edge-etcd-1' } },
  needs: {
    'etcd-member': [
      { node: 'n1', clientUrl: 'https://1', token: 'tok-1' },
      { node: 'n2', clientUrl: 'https://2', token: 'tok-2' },
    ],
  },
  node: { name: 'edge-etcd-1' },
};
const secretPaths = [
  'params.x.password',
  '/requires/etcd-cert/key',
  'needs.etcd-member.0.token',
  'needs.etcd-member.1.token',
];
const launch = {
  inputs,
  secretPaths,
  previous: { params: { 'etcd.quotaBackendBytes': 1 } },
  rendered: { 'sub/etcd.env': 'A=1\n' },
};
const asMap = (files: readonly { path: string; content: string }[]) =>
  new Map(files.map((one) => [one.path, one.content]));

describe('input frames', () => {
  it('lays inputs out leaf by leaf, secrets apart', () => {
    const frames = inputFrames(launch);
    const normal = asMap(frames.normal);
    const secret = asMap(frames.secret);
    expect(normal.get('in/params/etcd.quotaBackendBytes')).toBe('2147483648');
    expect(normal.get('in/params/a.on')).toBe('false');
    expect(normal.has('in/params/a.none')).toBe(false);
    expect(normal.get('in/facts/address')).toBe('10.77.0.11');
    expect(normal.get('in/needs/etcd-member/count')).toBe('2');
    expect(normal.get('in/needs/etcd-member/1/clientUrl')).toBe('https://2');
    expect(normal.get('prev/params/etcd.quotaBackendBytes')).toBe('1');
    expect(normal.get('files/sub/etcd.env')).toBe('A=1\n');
    expect(Object.fromEntries(secret)).toEqual({
      'in/secret/params/x.password': 'hunter22',
      'in/secret/requires/etcd-cert/key': 'KEY',
      'in/secret/needs/etcd-member/0/token': 'tok-1',
      'in/secret/needs/etcd-member/1/token': 'tok-2',
    });
    expect(JSON.parse(normal.get('in/inputs.json') ?? '')).toMatchObject({
      params: { 'a.none': null },
      facts: inputs.facts,
    });
    for (const content of normal.values()) expect(content).not.toMatch(/hunter22|KEY|tok-/);
    expect([...secretValues(inputs, secretPaths)].sort()).toEqual(['KEY', 'hunter22', 'tok-1', 'tok-2']);
  });

  it('takes everything under a top `secret` key as secret, at its own place', () => {
    const { normal, secret } = inputFrames({
      inputs: { secret: { 'etcd-cert': { key: 'KEY' } } },
      secretPaths: [],
      previous: null,
      rendered: {},
    });
    expect(secret).toEqual([{ path: 'in/secret/etcd-cert/key', content: 'KEY' }]);
    expect(normal).toEqual([{ path: 'in/inputs.json', content: '{}\n' }]);
  });

  it('hides a whole subtree, and keeps the places in a list', () => {
    const deep = { params: { list: ['a', { b: 'c' }, 'd'], 'x.y': { z: 'q' } } };
    const { normal, secret } = inputFrames({
      inputs: deep,
      secretPaths: ['params.list.1', 'params.x.y'],
      previous: null,
      rendered: {},
    });
    expect(asMap(secret).get('in/secret/params/list/1/b')).toBe('c');
    expect(asMap(secret).get('in/secret/params/x.y/z')).toBe('q');
    expect(JSON.parse(asMap(normal).get('in/inputs.json') ?? '')).toEqual({ params: { list: ['a', null, 'd'] } });
    expect(resolveSecretPath(deep, 'params.nothing')).toEqual([]);
  });

  it('never leaves the tree, whatever the keys are', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('..', '.', '', '/', '../x', 'a/b')), fc.string()),
        (params) => {
          for (const { path } of inputFrames({ inputs: { params }, secretPaths: [], previous: null, rendered: {} })
            .normal) {
            expect(path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')).toBe(true);
            expect(path).not.toContain('\0');
          }
        },
      ),
    );
  });
});

describe('tar archive', () => {
  it.each([['tar'], ['busybox', 'tar']])('%s %s reads what we write, long names too', (...tar) => {
    const directory = mkdtempSync(join(tmpdir(), 'formwork-tar-'));
    try {
      const long = `fw/${'d'.repeat(90)}/${'f'.repeat(120)}`;
      const archive = tarArchive(
        [
          { path: 'fw/in/é', content: 'ü'.repeat(600) },
          { path: long, content: 'x' },
          { path: 'fw/empty', content: '' },
        ],
        ['role'],
      );
      const [command = '', ...words] = tar;
      execFileSync(command, [...words, '-xof', '-', '-C', directory], { input: archive });
      expect(readFileSync(join(directory, 'fw/in/é'), 'utf8')).toBe('ü'.repeat(600));
      expect(readFileSync(join(directory, long), 'utf8')).toBe('x');
      expect(readFileSync(join(directory, 'fw/empty'), 'utf8')).toBe('');
      expect(statSync(join(directory, 'fw')).mode & 0o777).toBe(0o700);
      expect(statSync(join(directory, 'fw/empty')).mode & 0o777).toBe(0o600);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
