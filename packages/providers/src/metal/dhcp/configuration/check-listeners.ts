import { jsonPath, type Problem } from '@formwork/core';
import { formatIpv4, isWithin } from '../codec/ipv4.ts';
import type { DhcpConfiguration } from './schema.ts';

const remedy =
  'Node cannot tell on which interface a broadcast came: hand in a socket for each by systemd (BindToDevice= and ' +
  'FileDescriptorName=, here fdName), set unicastOnly where only relays ask, or run one process a network namespace';

/** At most one listener may take broadcasts from an unbound socket, and all of them must have a subnet. */
export function checkListeners({ listen, subnets }: Pick<DhcpConfiguration, 'listen' | 'subnets'>): readonly Problem[] {
  const problems: Problem[] = [];
  const unbound = listen.filter(({ fdName, unicastOnly }) => fdName === undefined && !unicastOnly);
  const bound = listen.filter(({ fdName }) => fdName !== undefined);
  if (unbound.length > 1 || (unbound.length === 1 && bound.length > 0)) {
    problems.push({
      code: 'dhcp-ambiguous-listeners',
      path: '$.listen',
      message: `${unbound.map(({ address }) => formatIpv4(address)).join(' and ')} would take broadcasts on a socket that hears all interfaces`,
      remedy,
    });
  }
  for (const [index, { address, fdName, unicastOnly }] of listen.entries()) {
    const path = jsonPath(['listen', index, 'address']);
    if (listen.findIndex((other) => other.address === address) !== index) {
      problems.push({
        code: 'dhcp-listener-twice',
        path,
        message: `${formatIpv4(address)} is listed twice`,
        remedy: 'keep one',
      });
    }
    if (fdName !== undefined && listen.findIndex((other) => other.fdName === fdName) !== index) {
      problems.push({
        code: 'dhcp-listener-twice',
        path: jsonPath(['listen', index, 'fdName']),
        message: `the socket ${fdName} is named twice`,
        remedy: 'give each listener a socket of its own',
      });
    }
    if (!unicastOnly && !subnets.some(({ cidr }) => isWithin(address, cidr))) {
      problems.push({
        code: 'dhcp-listener-without-subnet',
        path,
        message: `${formatIpv4(address)} is in none of the subnets, so that nobody on its network could be answered`,
        remedy: 'add the subnet, or set unicastOnly when only relays ask here',
      });
    }
  }
  return problems;
}

/**
 * What the host adds: a socket that hears all interfaces is refused on a host with several networks, whose clients
 * would get addresses of a network they are not on. `interfaces` are the names of those with addresses, by address.
 */
export function checkInterfaces(
  { listen }: Pick<DhcpConfiguration, 'listen'>,
  interfaces: readonly { readonly name: string; readonly address: string }[],
): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [index, { address, fdName, unicastOnly }] of listen.entries()) {
    const path = jsonPath(['listen', index, 'address']);
    const own = interfaces.find((candidate) => candidate.address === formatIpv4(address));
    if (own === undefined) {
      problems.push({
        code: 'dhcp-no-such-address',
        path,
        message: `no interface has the address ${formatIpv4(address)}`,
        remedy: `add it to one, or write one of ${interfaces.map((candidate) => candidate.address).join(', ')}`,
      });
      continue;
    }
    const others = [...new Set(interfaces.map(({ name }) => name))].filter((name) => name !== own.name);
    if (fdName === undefined && !unicastOnly && others.length > 0) {
      problems.push({
        code: 'dhcp-ambiguous-interfaces',
        path,
        message: `a socket for ${formatIpv4(address)} on ${own.name} would also hear the broadcasts of ${others.join(', ')}`,
        remedy,
      });
    }
  }
  return problems;
}
