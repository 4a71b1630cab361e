import { jsonPath, type PathSegment, type Problem } from '@formwork/core';
import { hostBits, isWithin, parseIp, parseIpNetwork, whyNoHost } from './ip-network.ts';
import { membersOf, type NetworkDescription, type NetworkInterface, type Route } from './network-description.ts';

type Add = (code: string, path: readonly PathSegment[], message: string, remedy: string) => void;

/** Below it there is no IPv6 (RFC 8200, section 5). */
const leastIpv6Mtu = 1280;

/** Addresses, routes and MTUs: each usable, none twice, every gateway within reach. */
export function checkAddresses(network: NetworkDescription): readonly Problem[] {
  const problems: Problem[] = [];
  const owners = new Map<string, string>();
  const defaults = new Map<string, string>();
  for (const [index, one] of network.interfaces.entries()) {
    const add: Add = (code, path, message, remedy) =>
      problems.push({ code, path: jsonPath(['interfaces', index, ...path]), message, remedy });
    for (const [place, text] of one.addresses.entries()) {
      const path = ['addresses', place] as const;
      const address = parseIpNetwork(text);
      if (address === null) continue;
      const why = whyNoHost(address);
      if (why !== null) add('network-no-host', path, `${text} ${why}`, "write a host's address");
      const key = `${address.family} ${address.value}`;
      const owner = owners.get(key);
      owners.set(key, one.name);
      if (owner !== undefined) {
        add('network-address-twice', path, `${text} is an address of ${owner} already`, 'give it to one interface');
      }
    }
    for (const [place, route] of one.routes.entries()) {
      checkRoute(one, route, (code, path, message, remedy) => add(code, ['routes', place, ...path], message, remedy));
      if (route.to !== 'default' && !/\/0$/.test(route.to)) continue;
      const key = `${parseIp(route.via)?.family ?? 0} ${route.metric ?? 'without a metric'}`;
      const before = defaults.get(key);
      defaults.set(key, one.name);
      if (before === undefined) continue;
      add(
        'network-default-twice',
        ['routes', place],
        `${before} has a default route with the same metric`,
        'keep one, or give the second a higher metric',
      );
    }
    checkMtu(network, one, add);
  }
  return problems;
}

function checkRoute(one: NetworkInterface, { to, via, onLink }: Route, add: Add): void {
  const gateway = parseIp(via);
  if (gateway === null) return;
  const target = to === 'default' ? null : parseIpNetwork(to);
  if (target !== null) {
    if (target.family !== gateway.family) {
      add('network-route-family', ['via'], `${via} is no gateway to ${to}: IPv4 and IPv6 do not mix`, 'use one family');
    }
    if (hostBits(target) !== 0n) {
      add('network-route-target', ['to'], `${to} has bits set below its prefix`, "write the network's first address");
    }
  }
  // Who has an address by DHCP may reach it; who has a link-local gateway always does.
  const linkLocal = gateway.family === 6 && gateway.value >> 118n === 0x3fan;
  const byDhcp = gateway.family === 4 ? one.dhcp4 : one.dhcp6;
  if (onLink === true || linkLocal || byDhcp) return;
  const networks = one.addresses.map(parseIpNetwork).filter((network) => network !== null);
  if (networks.some((network) => isWithin(gateway, network))) return;
  add(
    'network-gateway-unreachable',
    ['via'],
    `${one.name} has no address in the network of ${via}`,
    'add one, or say onLink: true if the gateway is on the link all the same',
  );
}

function checkMtu({ interfaces }: NetworkDescription, one: NetworkInterface, add: Add): void {
  const { mtu } = one;
  if (mtu === undefined) return;
  const hasIpv6 = one.dhcp6 || one.addresses.some((text) => text.includes(':'));
  if (hasIpv6 && mtu < leastIpv6Mtu) {
    add('network-mtu', ['mtu'], `IPv6 needs at least ${leastIpv6Mtu}, not ${mtu}`, 'raise it or take IPv6 off');
  }
  const below = one.kind === 'vlan' ? [one.link] : membersOf(one);
  for (const other of interfaces.filter(({ name }) => below.includes(name))) {
    const room = other.mtu ?? (other.kind === 'ethernet' ? 1500 : undefined);
    if (room === undefined || mtu <= room) continue;
    add(
      'network-mtu',
      ['mtu'],
      `${mtu} does not fit into ${other.name}, whose MTU is ${room}`,
      `raise that of ${other.name}`,
    );
  }
}
