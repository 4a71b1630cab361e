/** Keyfiles of NetworkManager, one a connection; it refuses those that others may read. */
import { createHash } from 'node:crypto';
import { ifGiven, type IniSection, iniText } from './ini-text.ts';
import { linkFile } from './link-file.ts';
import { masterOf, type NetworkDescription, type NetworkInterface, type Route } from './network-description.ts';
import type { RenderedFile } from './rendered-file.ts';

export function renderNetworkManager(network: NetworkDescription): readonly RenderedFile[] {
  return network.interfaces.flatMap((one) => [
    ...(one.kind === 'ethernet' ? [linkFile(one)] : []),
    {
      path: `/etc/NetworkManager/system-connections/formwork-${one.name}.nmconnection`,
      text: iniText(connection(network, one)),
      mode: 0o600,
    },
  ]);
}

function connection(network: NetworkDescription, one: NetworkInterface): readonly IniSection[] {
  const master = masterOf(network, one);
  return [
    [
      'connection',
      [
        ['id', `formwork-${one.name}`],
        ['uuid', uuidOf(one.name)],
        ['type', one.kind],
        ['interface-name', one.name],
        master === null ? null : ['master', master.name],
        master === null ? null : ['slave-type', master.kind],
        // A bond or bridge brings its members up itself, but only if it may.
        one.kind === 'bond' || one.kind === 'bridge' ? ['autoconnect-slaves', 1] : null,
      ],
    ],
    // Everything has an MTU by this section, virtual or not.
    ['ethernet', [one.kind === 'ethernet' ? ['mac-address', one.mac.toUpperCase()] : null, ifGiven('mtu', one.mtu)]],
    ...ofKind(one),
    ...(master === null ? [ipSection(one, 4), ipSection(one, 6)] : []),
  ];
}

function ofKind(one: NetworkInterface): readonly IniSection[] {
  switch (one.kind) {
    case 'ethernet':
      return [];
    case 'bond':
      return [
        [
          'bond',
          [
            ['mode', one.mode],
            ['miimon', one.miiMonitorMs],
            ifGiven('lacp_rate', one.lacpRate),
            ifGiven('xmit_hash_policy', one.transmitHashPolicy),
            ifGiven('primary', one.primary),
          ],
        ],
      ];
    case 'vlan':
      return [
        [
          'vlan',
          [
            ['id', one.id],
            ['parent', one.link],
          ],
        ],
      ];
    case 'bridge':
      return [['bridge', [['stp', String(one.stp)]]]];
  }
}

function ipSection(one: NetworkInterface, family: 4 | 6): IniSection {
  const ofFamily = (text: string): boolean => text.includes(':') === (family === 6);
  const addresses = one.addresses.filter(ofFamily);
  const routes = one.routes.filter(({ via }) => ofFamily(via));
  const nameservers = one.nameservers.filter(ofFamily);
  const dhcp = family === 4 ? one.dhcp4 : one.dhcp6;
  const none = family === 4 ? 'disabled' : 'link-local';
  const method = dhcp ? 'auto' : addresses.length > 0 ? 'manual' : none;
  return [
    `ipv${family}`,
    [
      ['method', method],
      ...addresses.map((address, index) => [`address${index + 1}`, address] as const),
      ...routes.flatMap((route, index) => routeLines(route, index + 1)),
      nameservers.length === 0 ? null : ['dns', list(nameservers)],
      one.searchDomains.length === 0 || method === none ? null : ['dns-search', list(one.searchDomains)],
      dhcp && family === 4 ? ['dhcp-client-id', 'mac'] : null,
    ],
  ];
}

const routeLines = ({ to, via, metric, onLink }: Route, number: number): IniSection[1] => [
  [
    `route${number}`,
    [to === 'default' ? (via.includes(':') ? '::/0' : '0.0.0.0/0') : to, via, metric ?? []].flat().join(','),
  ],
  onLink === true ? [`route${number}_options`, 'onlink=true'] : null,
];

const list = (values: readonly string[]): string => values.map((value) => `${value};`).join('');

/** The same interface is the same connection after it was rendered again. */
function uuidOf(name: string): string {
  const digest = createHash('sha256').update(`formwork connection ${name}`).digest('hex');
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-8${digest.slice(13, 16)}-a${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
}
