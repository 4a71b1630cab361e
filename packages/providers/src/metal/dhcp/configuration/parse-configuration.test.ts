import { describe, expect, it } from 'vitest';
import { labSubnet } from '../testing/lab-network.ts';
import { ip } from '../testing/packets.ts';
import { checkInterfaces } from './check-listeners.ts';
import { parseDhcpConfiguration } from './parse-configuration.ts';

const base = { listen: [{ address: '10.77.0.1' }], subnets: [labSubnet] };
/** Code and place of everything wrong. */
const problems = (configuration: unknown): readonly string[] => {
  const checked = parseDhcpConfiguration(configuration);
  return checked.ok ? [] : checked.problems.map(({ code, path }) => `${code} ${path}`);
};
const subnet = (more: object) => ({ ...base, subnets: [{ ...labSubnet, ...more }] });

describe('parseDhcpConfiguration', () => {
  it('takes what is right and fills in the rest', () => {
    const checked = parseDhcpConfiguration(base);
    expect(checked.ok && checked.value.subnets[0]).toMatchObject({ mode: 'serve', authoritative: true, leaseS: 3600 });
    expect(checked.ok && checked.value.ports).toEqual({ server: 67, client: 68, proxy: 4011 });
  });

  it.each([
    [
      'an address that is none',
      { ...base, listen: [{ address: '10.77.0.256' }] },
      ['dhcp-invalid $.listen[0].address'],
    ],
    ['a loopback address', { ...base, listen: [{ address: '127.0.0.1' }] }, ['dhcp-invalid $.listen[0].address']],
    ['a network with host bits', subnet({ cidr: '10.77.0.1/24' }), ['dhcp-invalid $.subnets[0].cidr']],
    ['a word nobody knows', { ...base, leas: 1 }, ['dhcp-invalid $']],
    [
      'a MAC that is none',
      subnet({ reservations: [{ mac: '52:54', address: '10.77.0.9' }] }),
      ['dhcp-invalid $.subnets[0].reservations[0].mac'],
    ],
    [
      'a pool outside',
      subnet({ pools: [{ first: '10.77.0.200', last: '10.77.1.3' }] }),
      ['dhcp-pool-outside $.subnets[0].pools[0].last'],
    ],
    [
      'a pool with the broadcast address',
      subnet({ pools: [{ first: '10.77.0.200', last: '10.77.0.255' }] }),
      ['dhcp-pool-outside $.subnets[0].pools[0].last'],
    ],
    [
      'a pool that ends before it starts',
      subnet({ pools: [{ first: '10.77.0.9', last: '10.77.0.8' }] }),
      ['dhcp-pool-reversed $.subnets[0].pools[0]'],
    ],
    [
      'pools that overlap',
      subnet({
        pools: [
          { first: '10.77.0.9', last: '10.77.0.20' },
          { first: '10.77.0.20', last: '10.77.0.30' },
        ],
      }),
      ['dhcp-pools-overlap $.subnets[0].pools[1]'],
    ],
    ['a router elsewhere', subnet({ routers: ['10.78.0.1'] }), ['dhcp-router-outside $.subnets[0].routers[0]']],
    [
      'a reservation elsewhere',
      subnet({ reservations: [{ mac: '52:54:00:00:00:01', address: '10.78.0.9' }] }),
      ['dhcp-reservation-outside $.subnets[0].reservations[0].address'],
    ],
    [
      'a reservation of nobody',
      subnet({ reservations: [{ address: '10.77.0.9' }] }),
      ['dhcp-reservation-of-nobody $.subnets[0].reservations[0]'],
    ],
    [
      'an address and a MAC reserved twice',
      subnet({
        reservations: [
          { mac: '52:54:00:00:00:01', address: '10.77.0.9' },
          { mac: '52-54-00-00-00-01', address: '10.77.0.9' },
        ],
      }),
      [
        'dhcp-reserved-twice $.subnets[0].reservations[1].address',
        'dhcp-reserved-twice $.subnets[0].reservations[1].mac',
      ],
    ],
    [
      'a subnet in another, under one name',
      { ...base, subnets: [labSubnet, { name: 'lab', cidr: '10.77.0.128/25' }] },
      ['dhcp-subnet-twice $.subnets[1].name', 'dhcp-subnets-overlap $.subnets[1].cidr'],
    ],
    [
      'two sockets that hear everything',
      { ...base, listen: [{ address: '10.77.0.1' }, { address: '10.77.0.5' }] },
      ['dhcp-ambiguous-listeners $.listen'],
    ],
    [
      'one such beside a bound one',
      { ...base, listen: [{ address: '10.77.0.1' }, { address: '10.77.0.5', fdName: 'b' }] },
      ['dhcp-ambiguous-listeners $.listen'],
    ],
    [
      'one socket for two',
      {
        ...base,
        listen: [
          { address: '10.77.0.1', fdName: 'b' },
          { address: '10.77.0.5', fdName: 'b' },
        ],
      },
      ['dhcp-listener-twice $.listen[1].fdName'],
    ],
    [
      'a listener nobody is on the network of',
      { ...base, listen: [{ address: '10.78.0.1' }] },
      ['dhcp-listener-without-subnet $.listen[0].address'],
    ],
    [
      'a MAC of two nodes',
      { ...base, nodes: [{ macs: ['52:54:00:00:00:01'] }, { macs: ['52:54:00:00:00:01'] }] },
      ['dhcp-mac-twice $.nodes[1].macs[0]'],
    ],
  ])('refuses %s', (_name, configuration, expected) => {
    expect(problems(configuration)).toEqual(expected);
  });

  it('takes several networks by bound sockets, and relays beside', () => {
    const far = { name: 'far', cidr: '10.78.0.0/24' };
    const listen = [
      { address: '10.77.0.1', fdName: 'a' },
      { address: '10.78.0.1', fdName: 'b' },
      { address: '192.0.2.1', unicastOnly: true },
    ];
    expect(problems({ ...base, subnets: [labSubnet, far], listen })).toEqual([]);
  });
});

describe('checkInterfaces', () => {
  const eth0 = { name: 'eth0', address: '192.0.2.7' };
  const br0 = { name: 'br0', address: '10.77.0.1' };
  const listen = [{ address: ip('10.77.0.1'), unicastOnly: false }];

  it('refuses a socket that would hear another network, and says how else', () => {
    expect(checkInterfaces({ listen }, [br0])).toEqual([]);
    const [problem] = checkInterfaces({ listen }, [eth0, br0]);
    expect(problem).toMatchObject({ code: 'dhcp-ambiguous-interfaces', path: '$.listen[0].address' });
    expect(problem?.message).toContain('eth0');
    expect(problem?.remedy).toContain('BindToDevice');
    expect(checkInterfaces({ listen: listen.map((one) => ({ ...one, fdName: 'br0' })) }, [eth0, br0])).toEqual([]);
    expect(checkInterfaces({ listen: listen.map((one) => ({ ...one, unicastOnly: true })) }, [eth0, br0])).toEqual([]);
  });

  it('refuses an address that no interface has', () => {
    expect(checkInterfaces({ listen }, [eth0]).map(({ code }) => code)).toEqual(['dhcp-no-such-address']);
  });
});
