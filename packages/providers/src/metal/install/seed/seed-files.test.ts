import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseNetwork } from '../network/parse-network.ts';
import { rackNetwork } from '../network/testing/networks.ts';
import type { FirstBootInput } from './first-boot-description.ts';
import { seedFiles } from './seed-files.ts';
import { seedImage } from './seed-image.ts';

const { privateKey } = generateKeyPairSync('ed25519', {
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const sshKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDpczbWbTVzni3pfQC/PiscsBKvI+QFUuaEdEroEsv5s someone@here';
const firstBoot: FirstBootInput = {
  instanceId: 'i-1',
  hostname: 'node-7.rack1.example.org',
  user: 'formwork',
  sshKeys: [sshKey],
  userData: '#!/bin/sh\nexit 0\n',
  report: { url: 'http://10.77.0.1:8080', session: 's-1', privateKey },
};
const network = (() => {
  const checked = parseNetwork(rackNetwork);
  return checked.ok ? checked.value : null;
})();

const filesOf = (by: 'formwork' | 'cloud-init', more: object = {}) => {
  const checked = seedFiles({ ...firstBoot, ...more }, network, by);
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.value;
};

describe('what the installer leaves for the first boot', () => {
  it('is read by our own script', () => {
    const files = filesOf('formwork');
    expect(files['first-boot.conf']).toBe(
      'hostname=node-7.rack1.example.org\nuser=formwork\nreport-url=http://10.77.0.1:8080\nsession=s-1\n',
    );
    expect(files['authorized_keys']).toBe(`${sshKey}\n`);
    expect(files['install-key.pem']).toBe(privateKey);
    expect(files['network.10-formwork-br0.netdev']).toContain('Kind=bridge');
    expect(Object.keys(files)).not.toContain('meta-data');
  });

  it('is read by cloud-init', () => {
    const files = filesOf('cloud-init', { userData: '#cloud-config\n{}\n' });
    expect(JSON.parse(String(files['meta-data']))).toEqual({
      'instance-id': 'i-1',
      'local-hostname': 'node-7.rack1.example.org',
      'public-keys': [sshKey],
    });
    expect(JSON.parse(String(files['network-config']))).toMatchObject({ version: 2, bonds: { bond0: {} } });
    expect(String(files['vendor-data'])).toMatch(/^#cloud-config\n\{/);
  });

  it('fits into the seed partition however large a valid description is', () => {
    const interfaces = Array.from({ length: 128 }, (_, index) => ({
      kind: 'vlan',
      name: `long-name-x${String(index).padStart(3, '0')}`,
      link: index === 0 ? 'trunk' : 'long-name-x000',
      id: index + 1,
    }));
    const trunk = { kind: 'ethernet', name: 'trunk', mac: '52:54:00:77:00:01' };
    const large = parseNetwork({
      interfaces: [trunk, ...interfaces.slice(1).map((one) => ({ ...one, link: 'trunk' }))],
    });
    if (!large.ok) throw new Error(JSON.stringify(large.problems));
    const userData = `#!${'x'.repeat(256 * 1024 - 2)}`;
    for (const by of ['formwork', 'cloud-init'] as const) {
      const files = seedFiles({ ...firstBoot, userData, sshKeys: Array(64).fill(sshKey) }, large.value, by);
      expect(files.ok && seedImage(files.value, 1024 * 1024)).toHaveLength(1024 * 1024);
    }
  });

  it.each<readonly [string, object, string]>([
    ['a host name with a line end', { hostname: 'a\nuser=root' }, '$.hostname'],
    ['an account that is none', { user: 'a b' }, '$.user'],
    ['no key at all', { sshKeys: [] }, '$.sshKeys'],
    ['two keys in one', { sshKeys: [`${sshKey}\n${sshKey}`] }, '$.sshKeys[0]'],
    ['options before a key', { sshKeys: [`command="x" ${sshKey}`] }, '$.sshKeys[0]'],
    ['user data that is no script', { userData: '#cloud-config\n' }, '$.userData'],
    ['a report to nowhere', { report: { url: 'file:///x', session: 's', privateKey } }, '$.report.url'],
    ['something else for a key', { report: { url: 'http://a', session: 's', privateKey: 'x' } }, '$.report.privateKey'],
  ])('refuses %s', (_, more, path) => {
    const checked = seedFiles({ ...firstBoot, ...more }, null, 'formwork');
    expect(checked).toMatchObject({ ok: false, problems: [{ path }] });
    // A private key is not repeated in what is said about it.
    expect(JSON.stringify(checked)).not.toContain(privateKey.split('\n')[1]);
  });
});
