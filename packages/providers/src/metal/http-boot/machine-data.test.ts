import { expect, it } from 'vitest';
import { renderEc2 } from './ec2-metadata.ts';
import type { MachineData } from './machine-data.ts';
import { renderNoCloud } from './no-cloud.ts';

const machine: MachineData = {
  instanceId: 'node-1-3',
  hostname: 'etcd-1',
  sshKeys: ['ssh-ed25519 AAAA formwork'],
  userData: '#cloud-config\nruncmd: []\n',
  vendorData: null,
  interfaces: [
    {
      mac: '52:54:00:77:00:01',
      addresses: ['10.77.0.10/24'],
      gateway: '10.77.0.1',
      nameservers: ['10.77.0.1'],
      mtu: 9000,
    },
    { mac: '52:54:00:77:00:02', addresses: [], gateway: null, nameservers: [], mtu: null },
  ],
};

it('renders what NoCloud reads', () => {
  expect(JSON.parse(renderNoCloud('meta-data', machine))).toEqual({
    'instance-id': 'node-1-3',
    'local-hostname': 'etcd-1',
    'public-keys': ['ssh-ed25519 AAAA formwork'],
  });
  expect(renderNoCloud('user-data', machine)).toBe(machine.userData);
  expect(renderNoCloud('vendor-data', machine)).toBe('#cloud-config\n{}\n');
  expect(JSON.parse(renderNoCloud('network-config', machine))).toEqual({
    version: 2,
    ethernets: {
      nic0: {
        match: { macaddress: '52:54:00:77:00:01' },
        addresses: ['10.77.0.10/24'],
        routes: [{ to: '0.0.0.0/0', via: '10.77.0.1' }],
        nameservers: { addresses: ['10.77.0.1'] },
        mtu: 9000,
      },
      nic1: { match: { macaddress: '52:54:00:77:00:02' }, dhcp4: true },
    },
  });
});

it('lets no value become syntax', () => {
  const hostile = { ...machine, hostname: 'a\npublic-keys: [evil]' };
  expect(JSON.parse(renderNoCloud('meta-data', hostile))).toMatchObject({ 'local-hostname': hostile.hostname });
});

it.each([
  ['/', 'latest'],
  ['/latest', 'meta-data/\nuser-data'],
  ['/latest/meta-data/hostname', 'etcd-1'],
  ['/2009-04-04/meta-data/instance-id', 'node-1-3'],
  ['/latest/meta-data/local-ipv4', '10.77.0.10'],
  ['/latest/meta-data/public-keys/', '0/'],
  ['/latest/meta-data/public-keys/0/openssh-key', 'ssh-ed25519 AAAA formwork'],
  ['/latest/user-data', '#cloud-config\nruncmd: []\n'],
])('answers %s as EC2 does', (path, text) => {
  expect(renderEc2(path, machine)).toBe(text);
});

it.each([
  '',
  'latest',
  '/newest',
  '/latest/../../etc/shadow',
  '/latest/meta-data/constructor',
  '/latest/meta-data/__proto__',
  '/latest/meta-data//hostname',
  '/latest/meta-data/hostname/length',
  `/latest/${'a/'.repeat(1000)}`,
])('has nothing at %j', (path) => {
  expect(renderEc2(path, machine)).toBeNull();
});
