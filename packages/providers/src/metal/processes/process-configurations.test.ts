import { addedMachine, firstMachine, type Machine } from '@formwork/core';
import { expect, it } from 'vitest';
import { metalConfigurationSchema } from '../configuration.ts';
import { parseDhcpConfiguration } from '../dhcp/configuration/parse-configuration.ts';
import { bootListenerConfiguration } from '../http-boot/listener/configuration.ts';
import { tftpConfiguration } from '../tftp/configuration.ts';
import { dhcpConfigurationOf, listenerConfigurationOf, tftpConfigurationOf } from './process-configurations.ts';

const site = metalConfigurationSchema.parse({
  subnets: [
    {
      name: 'rack-1',
      cidr: '10.77.0.0/24',
      pools: [{ first: '10.77.0.100', last: '10.77.0.199' }],
      reservations: [{ mac: '52:54:00:77:00:05', address: '10.77.0.5' }],
    },
  ],
  boot: { address: '10.77.0.1' },
});
const context = {
  address: '10.77.0.1',
  directories: { boot: '/b', images: '/i', dhcp: '/d', run: '/r', publicKey: '/p' },
  user: { uid: 65_534, gid: 65_534 },
  fdName: null,
};

function machineOf(name: string, macs: readonly string[], change: Partial<Machine> = {}): Machine {
  return { ...firstMachine(name, addedMachine({ siteId: 's', name, macs, labels: {}, bmc: null }), 0), ...change };
}
const installed = (address: string): Partial<Machine> => ({
  state: 'active',
  install: {
    ...{ number: 1, image: 'debian-12', phase: 'installed', tokenHash: null, hostKeys: [] },
    ...{ address, port: 22, kernel: null },
  },
});

it('makes configurations that the processes take', () => {
  const dhcp = parseDhcpConfiguration(dhcpConfigurationOf(site, [], context));
  expect(dhcp).toMatchObject({ ok: true, value: { boot: { script: 'http://10.77.0.1:8080/boot.ipxe' } } });
  expect(bootListenerConfiguration.parse(listenerConfigurationOf(site, context))).toMatchObject({ port: 8080 });
  expect(tftpConfiguration.parse(tftpConfigurationOf(context))).toMatchObject({ root: '/b' });
  const bound = dhcpConfigurationOf(site, [], { ...context, fdName: 'eth1', user: null });
  expect(bound).toMatchObject({ listen: [{ address: '10.77.0.1', fdName: 'eth1' }] });
});

it('keeps the address of an installed machine for it, unless somebody else has it', () => {
  const machines = [
    machineOf('b', ['52:54:00:77:00:02'], installed('10.77.0.102')),
    machineOf('a', ['52:54:00:77:00:01'], installed('10.77.0.101')),
    machineOf('c', ['52:54:00:77:00:03'], installed('10.77.0.102')),
    machineOf('d', ['52:54:00:77:00:05'], installed('10.77.0.150')),
    machineOf('e', ['52:54:00:77:00:06'], installed('10.78.0.1')),
    machineOf('f', ['52:54:00:77:00:07'], { state: 'inspecting' }),
    machineOf('g', ['52:54:00:77:00:08'], { ...installed('10.77.0.110'), state: 'retired' }),
    machineOf('h', [], installed('10.77.0.111')),
  ];
  const made = dhcpConfigurationOf(site, machines, context);
  expect(made.subnets[0]?.reservations).toEqual([
    { mac: '52:54:00:77:00:05', address: '10.77.0.5' },
    { mac: '52:54:00:77:00:01', address: '10.77.0.101' },
    { mac: '52:54:00:77:00:02', address: '10.77.0.102' },
  ]);
  expect(parseDhcpConfiguration(made).ok).toBe(true);
  expect(dhcpConfigurationOf(site, [...machines].reverse(), context)).toEqual(made);
});

it('names each MAC once, whatever machines say', () => {
  const machines = [
    machineOf('a', ['52:54:00:77:00:01', '52:54:00:77:00:02'], { state: 'active' }),
    machineOf('b', ['52:54:00:77:00:02']),
    machineOf('c', ['52:54:00:77:00:02', '52:54:00:77:00:03']),
  ];
  const made = dhcpConfigurationOf(site, machines, context);
  expect(made.nodes).toEqual([
    { macs: ['52:54:00:77:00:01', '52:54:00:77:00:02'], booting: false },
    { macs: ['52:54:00:77:00:03'], booting: true },
  ]);
  expect(parseDhcpConfiguration(made).ok).toBe(true);
});
