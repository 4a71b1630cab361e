import type { NetworkInput } from '../network-description.ts';

/** One of everything: bond, VLANs on it, a bridge over one of them, static and DHCP, both families. */
export const rackNetwork: NetworkInput = {
  interfaces: [
    { kind: 'ethernet', name: 'lan0', mac: '52:54:00:77:00:01', mtu: 9000 },
    { kind: 'ethernet', name: 'lan1', mac: '52:54:00:77:00:02', mtu: 9000 },
    { kind: 'ethernet', name: 'lan2', mac: '52:54:00:77:00:03' },
    { kind: 'ethernet', name: 'lan3', mac: '52:54:00:77:00:04', dhcp4: true, dhcp6: true },
    {
      kind: 'bond',
      name: 'bond0',
      mtu: 9000,
      members: ['lan0', 'lan1'],
      mode: '802.3ad',
      lacpRate: 'fast',
      transmitHashPolicy: 'layer3+4',
    },
    {
      kind: 'vlan',
      name: 'storage',
      link: 'bond0',
      id: 100,
      mtu: 8000,
      addresses: ['10.77.100.9/24', '10.77.100.10/24', 'fd77:100::9/64'],
      nameservers: ['10.77.100.1', 'fd77:100::1'],
      searchDomains: ['rack1.example.org', 'example.org'],
      routes: [
        { to: 'default', via: '10.77.100.1' },
        { to: 'default', via: 'fd77:100::1', metric: 50 },
        { to: '10.99.0.0/16', via: '10.77.100.2', metric: 7 },
      ],
    },
    { kind: 'vlan', name: 'guests', link: 'bond0', id: 200, mtu: 1500 },
    {
      kind: 'bridge',
      name: 'br0',
      members: ['guests', 'lan2'],
      addresses: ['192.168.4.1/22'],
      routes: [{ to: '10.98.0.0/16', via: '172.16.0.1', onLink: true }],
    },
  ],
};

export const backupBondNetwork: NetworkInput = {
  interfaces: [
    { kind: 'ethernet', name: 'lan0', mac: '52:54:00:77:00:01' },
    { kind: 'ethernet', name: 'lan1', mac: '52:54:00:77:00:02' },
    { kind: 'bond', name: 'bond0', members: ['lan0', 'lan1'], mode: 'active-backup', primary: 'lan1', dhcp4: true },
    { kind: 'bridge', name: 'br0', stp: true, addresses: ['10.5.0.1/31'] },
  ],
};
