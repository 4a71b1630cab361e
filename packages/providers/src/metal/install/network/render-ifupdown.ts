/** For Debian's /etc/network/interfaces, which reads what is in interfaces.d; needs the packages ifenslave (bonds), vlan and bridge-utils where there are such. */
import { linkFile } from './link-file.ts';
import {
  masterOf,
  needsOf,
  type NetworkDescription,
  type NetworkInterface,
  type Route,
} from './network-description.ts';
import type { RenderedFile } from './rendered-file.ts';

export function renderIfupdown(network: NetworkDescription): readonly RenderedFile[] {
  const stanzas = dependenciesFirst(network.interfaces).map((one) => interfaceText(network, one));
  const text = stanzas.join('\n');
  const links = network.interfaces.flatMap((one) => (one.kind === 'ethernet' ? [linkFile(one)] : []));
  return [...links, { path: '/etc/network/interfaces.d/formwork', text, mode: 0o644 }];
}

/** ifup goes from top to bottom: what others are built on comes first. */
function dependenciesFirst(interfaces: readonly NetworkInterface[]): readonly NetworkInterface[] {
  const ordered: NetworkInterface[] = [];
  const visit = (one: NetworkInterface): void => {
    if (ordered.includes(one)) return;
    for (const need of interfaces.filter(({ name }) => needsOf(one).includes(name))) visit(need);
    ordered.push(one);
  };
  for (const one of interfaces) visit(one);
  return ordered;
}

interface Stanza {
  readonly family: 'inet' | 'inet6';
  readonly method: string;
  readonly lines: readonly string[];
}

function interfaceText(network: NetworkDescription, one: NetworkInterface): string {
  const stanzas = stanzasOf(one).map((stanza, index, all) => {
    const isLast = all.findLastIndex(({ family }) => family === stanza.family) === index;
    const routes = one.routes.filter(({ via }) => isLast && familyOf(via) === stanza.family);
    const once = index === 0 ? [...linkLines(network, one), ...dnsLines(one)] : [];
    const lines = [...stanza.lines, ...once, ...routes.map(routeLine)].map((line) => `    ${line}\n`);
    return `iface ${one.name} ${stanza.family} ${stanza.method}\n${lines.join('')}`;
  });
  return `auto ${one.name}\n${stanzas.join('')}`;
}

/** One for each address and each family with DHCP or routes; routes come after the last address of their family. */
function stanzasOf({ addresses, dhcp4, dhcp6, routes }: NetworkInterface): readonly Stanza[] {
  const stanzas = (['inet', 'inet6'] as const).flatMap((family): Stanza[] => {
    const own = addresses.filter((address) => familyOf(address) === family);
    const dhcp = family === 'inet' ? dhcp4 : dhcp6;
    const found = [
      ...(dhcp ? [{ family, method: 'dhcp', lines: [] }] : []),
      ...own.map((address) => ({ family, method: 'static', lines: [`address ${address}`] })),
    ];
    const hasRoutes = routes.some(({ via }) => familyOf(via) === family);
    return found.length === 0 && hasRoutes ? [{ family, method: 'manual', lines: [] }] : found;
  });
  return stanzas.length > 0 ? stanzas : [{ family: 'inet', method: 'manual', lines: [] }];
}

function linkLines(network: NetworkDescription, one: NetworkInterface): readonly string[] {
  const master = masterOf(network, one);
  const mtu = one.mtu === undefined ? [] : [`pre-up ip link set dev $IFACE mtu ${one.mtu}`];
  const member = master?.kind === 'bond' ? [`bond-master ${master.name}`] : [];
  switch (one.kind) {
    case 'ethernet':
      return [...member, ...mtu];
    case 'bond': {
      const option = (name: string, value: string | undefined) =>
        value === undefined ? [] : [`bond-${name} ${value}`];
      return [
        `bond-slaves ${one.members.join(' ')}`,
        `bond-mode ${one.mode}`,
        `bond-miimon ${one.miiMonitorMs}`,
        ...option('lacp-rate', one.lacpRate),
        ...option('xmit-hash-policy', one.transmitHashPolicy),
        ...option('primary', one.primary),
        ...mtu,
      ];
    }
    case 'vlan':
      return [
        `pre-up ip link show $IFACE >/dev/null 2>&1 || ip link add link ${one.link} name $IFACE type vlan id ${one.id}`,
        ...mtu,
        'post-down ip link delete $IFACE || true',
      ];
    case 'bridge':
      return [
        `bridge_ports ${one.members.length === 0 ? 'none' : one.members.join(' ')}`,
        `bridge_stp ${one.stp ? 'on' : 'off'}`,
        `bridge_fd ${one.stp ? 15 : 0}`,
        ...mtu,
      ];
  }
}

const dnsLines = ({ nameservers, searchDomains }: NetworkInterface): readonly string[] => [
  ...(nameservers.length === 0 ? [] : [`dns-nameservers ${nameservers.join(' ')}`]),
  ...(searchDomains.length === 0 ? [] : [`dns-search ${searchDomains.join(' ')}`]),
];

const routeLine = ({ to, via, metric, onLink }: Route): string => {
  const family = via.includes(':') ? '-6 ' : '';
  const more = `${metric === undefined ? '' : ` metric ${metric}`}${onLink === true ? ' onlink' : ''}`;
  return `up ip ${family}route replace ${to} via ${via} dev $IFACE${more}`;
};

const familyOf = (address: string): Stanza['family'] => (address.includes(':') ? 'inet6' : 'inet');
