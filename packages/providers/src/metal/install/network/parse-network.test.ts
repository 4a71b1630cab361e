import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NetworkInput } from './network-description.ts';
import { parseNetwork } from './parse-network.ts';
import { backupBondNetwork, rackNetwork } from './testing/networks.ts';

const mac = (last: number): string => `52:54:00:00:00:0${last}`;
const lan = (last: number, more: object = {}) => ({ kind: 'ethernet', name: `lan${last}`, mac: mac(last), ...more });
const bond = (more: object = {}) => ({
  kind: 'bond',
  name: 'bond0',
  mode: 'active-backup',
  members: ['lan0'],
  ...more,
});

const problemsOf = (...interfaces: readonly object[]): readonly string[] => {
  const checked = parseNetwork({ interfaces });
  return checked.ok ? [] : checked.problems.map(({ code, path }) => `${code} ${path}`);
};

describe('a network', () => {
  it.each<readonly [string, NetworkInput]>([
    ['of a rack', rackNetwork],
    ['with a bond for redundancy', backupBondNetwork],
    ['without any interface', { interfaces: [] }],
  ])('%s is as it should be', (_, network) => {
    expect(parseNetwork(network)).toMatchObject({ ok: true });
  });

  it.each<readonly [string, readonly object[], readonly string[]]>([
    ['an interface of no kind', [{ kind: 'tunnel' }], ['network-invalid $.interfaces[0].kind']],
    ['a key that nobody knows', [lan(0, { gateway: '10.0.0.1' })], ['network-invalid $.interfaces[0]']],
    ['a name that is none', [lan(0, { name: 'much-too-long-name' })], ['network-invalid $.interfaces[0].name']],
    ['a name with a line end', [lan(0, { name: 'a\nb' })], ['network-invalid $.interfaces[0].name']],
    ['the name of the loopback', [lan(0, { name: 'lo' })], ['network-invalid $.interfaces[0].name']],
    ['a name that the kernel gives', [lan(0, { name: 'eth0' })], ['network-kernel-name $.interfaces[0].name']],
    ['a multicast MAC', [lan(0, { mac: '53:54:00:00:00:01' })], ['network-invalid $.interfaces[0].mac']],
    ['the same name', [lan(0), lan(1, { name: 'lan0' })], ['network-name-twice $.interfaces[1].name']],
    [
      'the same MAC in another case',
      [lan(0, { mac: 'aa:54:00:00:00:01' }), lan(1, { mac: 'AA:54:00:00:00:01' })],
      ['network-mac-twice $.interfaces[1].mac'],
    ],
    ['a bond of nobody', [bond({ members: [] })], ['network-invalid $.interfaces[0].members']],
    [
      'a bond of an unknown NIC',
      [lan(0), bond({ members: ['lan0', 'lan7'] })],
      ['network-unknown-member $.interfaces[1].members[1]'],
    ],
    [
      'a member of two',
      [lan(0), bond(), { kind: 'bridge', name: 'br0', members: ['lan0'] }],
      ['network-member-twice $.interfaces[2].members[0]'],
    ],
    [
      'a member with an address',
      [lan(0, { addresses: ['10.0.0.1/24'] }), bond()],
      ['network-member-configured $.interfaces[1].members[0]'],
    ],
    [
      'a bond of VLANs',
      [lan(1), { kind: 'vlan', name: 'v', link: 'lan1', id: 5 }, bond({ members: ['v'] })],
      ['network-member-kind $.interfaces[2].members[0]'],
    ],
    [
      'an option of another mode',
      [lan(0), bond({ lacpRate: 'fast' })],
      ['network-bond-option $.interfaces[1].lacpRate'],
    ],
    ['a primary of elsewhere', [lan(0), bond({ primary: 'lan1' })], ['network-bond-option $.interfaces[1].primary']],
    ['VLAN 0', [lan(0), { kind: 'vlan', name: 'v', link: 'lan0', id: 0 }], ['network-invalid $.interfaces[1].id']],
    [
      'VLAN 4095',
      [lan(0), { kind: 'vlan', name: 'v', link: 'lan0', id: 4095 }],
      ['network-invalid $.interfaces[1].id'],
    ],
    [
      'a VLAN twice',
      [lan(0), { kind: 'vlan', name: 'a', link: 'lan0', id: 5 }, { kind: 'vlan', name: 'b', link: 'lan0', id: 5 }],
      ['network-vlan-twice $.interfaces[2].id'],
    ],
    [
      'a VLAN on nothing',
      [{ kind: 'vlan', name: 'v', link: 'lan0', id: 5 }],
      ['network-unknown-link $.interfaces[0].link'],
    ],
    [
      'a VLAN on a member of a bond',
      [lan(0), bond(), { kind: 'vlan', name: 'v', link: 'lan0', id: 5 }],
      ['network-vlan-on-member $.interfaces[2].link'],
    ],
    ['a VLAN on itself', [{ kind: 'vlan', name: 'v', link: 'v', id: 5 }], ['network-loop $.interfaces[0]']],
    [
      'a bridge over a VLAN of its own',
      [
        { kind: 'bridge', name: 'br0', members: ['v'] },
        { kind: 'vlan', name: 'v', link: 'br0', id: 5 },
      ],
      ['network-loop $.interfaces[0]', 'network-loop $.interfaces[1]'],
    ],
    [
      'bridges in a ring',
      [
        { kind: 'bridge', name: 'a', members: ['b'] },
        { kind: 'bridge', name: 'b', members: ['a'] },
      ],
      [
        'network-member-kind $.interfaces[0].members[0]',
        'network-loop $.interfaces[0]',
        'network-member-kind $.interfaces[1].members[0]',
        'network-loop $.interfaces[1]',
      ],
    ],
    [
      'an address without a prefix',
      [lan(0, { addresses: ['10.0.0.1'] })],
      ['network-invalid $.interfaces[0].addresses[0]'],
    ],
    [
      'an address that is a network',
      [lan(0, { addresses: ['10.0.0.0/24'] })],
      ['network-no-host $.interfaces[0].addresses[0]'],
    ],
    [
      'a broadcast address',
      [lan(0, { addresses: ['10.0.0.255/24'] })],
      ['network-no-host $.interfaces[0].addresses[0]'],
    ],
    ['the loopback', [lan(0, { addresses: ['::1/128'] })], ['network-no-host $.interfaces[0].addresses[0]']],
    [
      'an address twice, written in two ways',
      [lan(0, { addresses: ['fd77::1/64'] }), lan(1, { addresses: ['fd77:0:0::0001/64'] })],
      ['network-address-twice $.interfaces[1].addresses[0]'],
    ],
    [
      'a gateway out of reach',
      [lan(0, { addresses: ['10.0.0.9/24'], routes: [{ to: 'default', via: '10.0.1.1' }] })],
      ['network-gateway-unreachable $.interfaces[0].routes[0].via'],
    ],
    [
      'a route to IPv6 over IPv4',
      [lan(0, { addresses: ['10.0.0.9/24'], routes: [{ to: 'fd00::/8', via: '10.0.0.1' }] })],
      ['network-route-family $.interfaces[0].routes[0].via'],
    ],
    [
      'a route to a host with a wide prefix',
      [lan(0, { addresses: ['10.0.0.9/24'], routes: [{ to: '10.9.9.9/8', via: '10.0.0.1' }] })],
      ['network-route-target $.interfaces[0].routes[0].to'],
    ],
    [
      'two default routes alike',
      [
        lan(0, { addresses: ['10.0.0.9/24'], routes: [{ to: 'default', via: '10.0.0.1' }] }),
        lan(1, { addresses: ['10.0.1.9/24'], routes: [{ to: '0.0.0.0/0', via: '10.0.1.1' }] }),
      ],
      ['network-default-twice $.interfaces[1].routes[0]'],
    ],
    ['an MTU too small for IPv6', [lan(0, { mtu: 1000, dhcp6: true })], ['network-mtu $.interfaces[0].mtu']],
    [
      'a VLAN larger than what it is on',
      [lan(0), { kind: 'vlan', name: 'v', link: 'lan0', id: 5, mtu: 9000 }],
      ['network-mtu $.interfaces[1].mtu'],
    ],
  ])('refuses %s, with its place', (_, interfaces, expected) => {
    expect(problemsOf(...interfaces)).toEqual(expected);
  });

  it('says everything that is wrong at once, what, and what to do', () => {
    const checked = parseNetwork({
      interfaces: [lan(0), bond({ members: ['lan0', 'lan9'] }), { kind: 'vlan', name: 'v', link: 'bond1', id: 7 }],
    });
    expect(checked).toEqual({
      ok: false,
      problems: [
        {
          code: 'network-unknown-member',
          path: '$.interfaces[1].members[1]',
          message: 'there is no interface lan9',
          remedy: 'name one of lan0, bond0, v',
        },
        {
          code: 'network-unknown-link',
          path: '$.interfaces[2].link',
          message: 'there is no interface bond1',
          remedy: 'name one of lan0, bond0, v',
        },
      ],
    });
  });

  it('takes default routes of two families, and two of one with different metrics', () => {
    const routes = [
      { to: 'default', via: '10.0.0.1' },
      { to: 'default', via: '10.0.0.2', metric: 100 },
      { to: 'default', via: 'fe80::1' },
    ];
    expect(problemsOf(lan(0, { addresses: ['10.0.0.9/24'], routes }))).toEqual([]);
  });

  it('of any links ends with an answer, which finds every loop', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const vlan = fc.record({ kind: fc.constant('vlan'), name, link: name, id: fc.integer({ min: 1, max: 5 }) });
    const bridge = fc.record({ kind: fc.constant('bridge'), name, members: fc.uniqueArray(name, { maxLength: 3 }) });
    const links = fc.uniqueArray(fc.oneof(vlan, bridge), { maxLength: 4, selector: (one) => one.name });
    fc.assert(
      fc.property(links, (interfaces) => {
        const needs = new Map(interfaces.map((one) => [one.name, 'link' in one ? [one.link] : one.members] as const));
        // A loop is there when taking away, again and again, what needs nothing leaves something.
        const rest = new Map(needs);
        for (let round = 0; round <= interfaces.length; round += 1) {
          for (const [one, below] of rest) if (below.every((other) => !rest.has(other))) rest.delete(one);
        }
        const found = problemsOf(...interfaces).some((problem) => problem.startsWith('network-loop'));
        expect(found).toBe(rest.size > 0);
      }),
    );
  });

  it('never throws, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (kind, value) => {
        expect(() => parseNetwork(value)).not.toThrow();
        expect(parseNetwork({ interfaces: [{ kind, name: value }] }).ok).toBe(false);
      }),
    );
  });
});
