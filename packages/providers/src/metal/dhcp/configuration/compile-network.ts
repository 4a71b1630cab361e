import { option } from '../codec/option-codes.ts';
import { addressValue, domainSearchValue, routesValue, textValue } from '../codec/option-values.ts';
import type { Ipv4 } from '../codec/ipv4.ts';
import { maskOf } from '../codec/ipv4.ts';
import { type Network, type NodeBoot, portKey, type Reservation, type Reservations, type Subnet } from './network.ts';
import type { DhcpConfiguration, NodeConfiguration, SubnetConfiguration } from './schema.ts';

/** From a configuration that `parseDhcpConfiguration` found nothing wrong with. */
export function compileNetwork(configuration: DhcpConfiguration): Network {
  const ownAddresses = new Set(configuration.listen.map(({ address }) => address));
  return {
    subnets: configuration.subnets
      .toSorted((a, b) => a.cidr.base - b.cidr.base)
      .map((subnet, index) => compileSubnet(subnet, index, ownAddresses, configuration)),
    ownAddresses,
    relays: configuration.relays,
    offerMs: configuration.offerS * 1000,
    quarantineMs: configuration.quarantineS * 1000,
    nodes: new Map(configuration.nodes.flatMap((node) => node.macs.map((mac) => [mac, nodeBoot(node)] as const))),
  };
}

function compileSubnet(
  subnet: SubnetConfiguration,
  index: number,
  ownAddresses: ReadonlySet<Ipv4>,
  { boot }: DhcpConfiguration,
): Subnet {
  const reservations = compileReservations(subnet);
  const { name, cidr, pools, mode, authoritative, leaseS, bootLeaseS, trustDirectAgent } = subnet;
  return {
    index,
    name,
    cidr,
    pools,
    mode,
    authoritative,
    leaseS,
    bootLeaseS,
    trustDirectAgent,
    reservations,
    withheld: new Set([...subnet.routers, ...ownAddresses, ...reservations.byAddress.keys()]),
    options: encodeOptions(subnet),
    boot: subnet.boot ?? boot,
  };
}

function compileReservations(subnet: SubnetConfiguration): Reservations {
  const byMac = new Map<string, Reservation>();
  const byPort = new Map<string, Reservation>();
  const byAddress = new Map<Ipv4, Reservation>();
  for (const { address, mac, port, hostname } of subnet.reservations) {
    const reservation = { address, mac: mac ?? null, hostname: hostname ?? null };
    byAddress.set(address, reservation);
    if (mac !== undefined) byMac.set(mac, reservation);
    if (port !== undefined) byPort.set(portKey(port.circuitId, port.remoteId ?? ''), reservation);
  }
  return { byMac, byPort, byAddress };
}

function encodeOptions(subnet: SubnetConfiguration): ReadonlyMap<number, Buffer> {
  const mask = maskOf(subnet.cidr.prefixLength);
  const values = new Map<number, Buffer>([
    [option.subnetMask, addressValue(mask)],
    [option.broadcastAddress, addressValue((subnet.cidr.base | ~mask) >>> 0)],
  ]);
  const addresses = (code: number, list: readonly Ipv4[]): void => {
    if (list.length > 0) values.set(code, addressValue(...list));
  };
  addresses(option.router, subnet.routers);
  addresses(option.dnsServers, subnet.dnsServers);
  addresses(option.ntpServers, subnet.ntpServers);
  addresses(option.logServers, subnet.logServers);
  if (subnet.domainName !== undefined) values.set(option.domainName, textValue(subnet.domainName));
  if (subnet.domainSearch.length > 0) values.set(option.domainSearch, domainSearchValue(subnet.domainSearch));
  if (subnet.defaultUrl !== undefined) values.set(option.defaultUrl, textValue(subnet.defaultUrl));
  if (subnet.mtu !== undefined) values.set(option.interfaceMtu, Buffer.of(subnet.mtu >> 8, subnet.mtu & 255));
  const [router] = subnet.routers;
  if (subnet.routes.length > 0) {
    // A client that reads option 121 ignores option 3 (RFC 3442), so the default route must be among them.
    const everywhere = { base: 0, prefixLength: 0 };
    const hasDefault = subnet.routes.some(({ to }) => to.prefixLength === 0);
    const more = router === undefined || hasDefault ? [] : [{ to: everywhere, via: router }];
    values.set(option.classlessRoutes, routesValue([...subnet.routes, ...more]));
  }
  return values;
}

const nodeBoot = (node: NodeConfiguration): NodeBoot => ({
  hostname: node.hostname ?? null,
  netboot: node.netboot,
  booting: node.booting,
  loader: node.loader ?? null,
  script: node.script ?? null,
  terminateBootFile: node.terminateBootFile,
});
