/** Netplan's YAML, version 2; cloud-init's network-config is the same. JSON is YAML: no value can become syntax. */
import type { Bond, NetworkDescription, NetworkInterface, Route } from './network-description.ts';
import type { RenderedFile } from './rendered-file.ts';

/** What stands below `network:`. */
export function netplanDocument({ interfaces }: NetworkDescription): Readonly<Record<string, unknown>> {
  const sections = { ethernet: 'ethernets', bond: 'bonds', vlan: 'vlans', bridge: 'bridges' } as const;
  const found = Object.entries(sections).flatMap(([kind, section]) => {
    const own = interfaces.filter((one) => one.kind === kind);
    return own.length === 0
      ? []
      : [[section, Object.fromEntries(own.map((one) => [one.name, settings(one)]))] as const];
  });
  return { version: 2, ...Object.fromEntries(found) };
}

export function renderNetplan(network: NetworkDescription): readonly RenderedFile[] {
  const text = `${JSON.stringify({ network: netplanDocument(network) }, null, 2)}\n`;
  return [{ path: '/etc/netplan/50-formwork.yaml', text, mode: 0o600 }];
}

function settings(one: NetworkInterface): Readonly<Record<string, unknown>> {
  const { mtu, addresses, dhcp4, dhcp6, nameservers, searchDomains, routes } = one;
  const dns = {
    ...(nameservers.length === 0 ? {} : { addresses: nameservers }),
    ...(searchDomains.length === 0 ? {} : { search: searchDomains }),
  };
  return {
    ...ofKind(one),
    ...(mtu === undefined ? {} : { mtu }),
    ...(dhcp4 ? { dhcp4, 'dhcp-identifier': 'mac' } : {}),
    ...(dhcp6 ? { dhcp6 } : {}),
    ...(addresses.length === 0 ? {} : { addresses }),
    ...(Object.keys(dns).length === 0 ? {} : { nameservers: dns }),
    ...(routes.length === 0 ? {} : { routes: routes.map(route) }),
  };
}

function ofKind(one: NetworkInterface): Readonly<Record<string, unknown>> {
  switch (one.kind) {
    case 'ethernet':
      return { match: { macaddress: one.mac }, 'set-name': one.name };
    case 'bond':
      return { interfaces: one.members, parameters: bondParameters(one) };
    case 'vlan':
      return { link: one.link, id: one.id };
    case 'bridge':
      return { interfaces: one.members, parameters: { stp: one.stp, 'forward-delay': one.stp ? 15 : 0 } };
  }
}

const bondParameters = ({ mode, miiMonitorMs, lacpRate, transmitHashPolicy, primary }: Bond) => ({
  mode,
  'mii-monitor-interval': miiMonitorMs,
  ...(lacpRate === undefined ? {} : { 'lacp-rate': lacpRate }),
  ...(transmitHashPolicy === undefined ? {} : { 'transmit-hash-policy': transmitHashPolicy }),
  ...(primary === undefined ? {} : { primary }),
});

/** `default` is not known to netplan before 0.105. */
const route = ({ to, via, metric, onLink }: Route) => ({
  to: to === 'default' ? (via.includes(':') ? '::/0' : '0.0.0.0/0') : to,
  via,
  ...(metric === undefined ? {} : { metric }),
  ...(onLink === true ? { 'on-link': true } : {}),
});
