/** systemd-networkd: `.link` names the hardware, `.netdev` makes what is virtual, `.network` configures. */
import { ifGiven, type IniSection, iniText } from './ini-text.ts';
import { linkFile } from './link-file.ts';
import { masterOf, type NetworkDescription, type NetworkInterface, type Route } from './network-description.ts';
import type { RenderedFile } from './rendered-file.ts';

const directory = '/etc/systemd/network';

export function renderNetworkd(network: NetworkDescription): readonly RenderedFile[] {
  return network.interfaces.flatMap((one) => {
    const base = `${directory}/10-formwork-${one.name}`;
    const made = netdev(one);
    return [
      ...(one.kind === 'ethernet' ? [linkFile(one)] : []),
      ...(made === null ? [] : [{ path: `${base}.netdev`, text: iniText(made), mode: 0o644 }]),
      { path: `${base}.network`, text: iniText(configured(network, one)), mode: 0o644 },
    ];
  });
}

function netdev(one: NetworkInterface): readonly IniSection[] | null {
  const head = (kind: string): IniSection => [
    'NetDev',
    [['Name', one.name], ['Kind', kind], one.kind === 'ethernet' ? null : ifGiven('MTUBytes', one.mtu)],
  ];
  switch (one.kind) {
    case 'ethernet':
      return null;
    case 'bond':
      return [
        head('bond'),
        [
          'Bond',
          [
            ['Mode', one.mode],
            ['MIIMonitorSec', `${one.miiMonitorMs}ms`],
            ifGiven('LACPTransmitRate', one.lacpRate),
            ifGiven('TransmitHashPolicy', one.transmitHashPolicy),
          ],
        ],
      ];
    case 'vlan':
      return [head('vlan'), ['VLAN', [['Id', one.id]]]];
    case 'bridge':
      return [
        head('bridge'),
        [
          'Bridge',
          [
            ['STP', one.stp ? 'yes' : 'no'],
            ['ForwardDelaySec', one.stp ? 15 : 0],
          ],
        ],
      ];
  }
}

function configured(network: NetworkDescription, one: NetworkInterface): readonly IniSection[] {
  const { interfaces } = network;
  const master = masterOf(network, one);
  const vlans = interfaces.filter((other) => other.kind === 'vlan' && other.link === one.name);
  const { dhcp4, dhcp6 } = one;
  const dhcp = dhcp4 && dhcp6 ? 'yes' : dhcp4 ? 'ipv4' : dhcp6 ? 'ipv6' : 'no';
  const isPrimary = master?.kind === 'bond' && master.primary === one.name;
  return [
    ['Match', [['Name', one.name]]],
    ['Link', [ifGiven('MTUBytes', one.mtu), carriesNothing(one) ? ['RequiredForOnline', 'no'] : null]],
    [
      'Network',
      [
        ['DHCP', dhcp],
        // A member has no address of its own, not even a link-local one.
        master === null ? null : ['LinkLocalAddressing', 'no'],
        master?.kind === 'bond' ? ['Bond', master.name] : null,
        master?.kind === 'bridge' ? ['Bridge', master.name] : null,
        isPrimary ? ['PrimarySlave', 'yes'] : null,
        ...vlans.map(({ name }) => ['VLAN', name] as const),
        ...one.addresses.map((address) => ['Address', address] as const),
        ...one.nameservers.map((address) => ['DNS', address] as const),
        one.searchDomains.length === 0 ? null : ['Domains', one.searchDomains.join(' ')],
        // A bridge or bond whose ports have no cable is configured all the same.
        one.kind === 'bridge' || one.kind === 'bond' ? ['ConfigureWithoutCarrier', 'yes'] : null,
      ],
    ],
    ...one.routes.map(route),
    ['DHCPv4', [dhcp4 ? ['ClientIdentifier', 'mac'] : null]],
  ];
}

const carriesNothing = (one: NetworkInterface): boolean => one.addresses.length === 0 && !one.dhcp4 && !one.dhcp6;

const route = ({ to, via, metric, onLink }: Route): IniSection => [
  'Route',
  [
    ['Destination', to === 'default' ? (via.includes(':') ? '::/0' : '0.0.0.0/0') : to],
    ['Gateway', via],
    ifGiven('Metric', metric),
    onLink === true ? ['GatewayOnLink', 'yes'] : null,
  ],
];
