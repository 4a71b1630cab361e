import { jsonPath, type PathSegment, type Problem } from '@formwork/core';
import { formatClientKey } from '../codec/hardware-address.ts';
import { formatIpv4, type Ipv4, isWithin, maskOf } from '../codec/ipv4.ts';
import type { SubnetConfiguration } from './schema.ts';

type Add = (code: string, path: readonly PathSegment[], message: string, remedy: string) => void;

/** The most addresses of one subnet's pools: its index is kept in memory. */
const mostAddresses = 1 << 20;

/** Subnets that overlap, pools and reservations outside of their subnet or in one another, claims made twice. */
export function checkSubnets(subnets: readonly SubnetConfiguration[]): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [index, subnet] of subnets.entries()) {
    const add: Add = (code, path, message, remedy) =>
      problems.push({ code, path: jsonPath(['subnets', index, ...path]), message, remedy });
    checkAgainst(subnets.slice(0, index), subnet, add);
    checkPools(subnet, add);
    checkReservations(subnet, add);
    for (const [place, router] of subnet.routers.entries()) {
      if (isWithin(router, subnet.cidr)) continue;
      add(
        'dhcp-router-outside',
        ['routers', place],
        `the router ${formatIpv4(router)} is not in ${cidrText(subnet)}: no client could reach it`,
        'write its address on this network',
      );
    }
  }
  return problems;
}

function checkAgainst(before: readonly SubnetConfiguration[], subnet: SubnetConfiguration, add: Add): void {
  for (const [index, other] of before.entries()) {
    if (other.name === subnet.name) {
      add('dhcp-subnet-twice', ['name'], `subnets[${index}] is called ${subnet.name}, too`, 'choose another name');
    }
    const wider = other.cidr.prefixLength < subnet.cidr.prefixLength ? other : subnet;
    if (isWithin(other.cidr.base, wider.cidr) && isWithin(subnet.cidr.base, wider.cidr)) {
      add(
        'dhcp-subnets-overlap',
        ['cidr'],
        `${cidrText(subnet)} overlaps with ${cidrText(other)} of subnets[${index}]: an address would have two subnets`,
        'make them disjoint, or one subnet with several pools',
      );
    }
  }
}

function checkPools(subnet: SubnetConfiguration, add: Add): void {
  let addresses = 0;
  for (const [index, { first, last }] of subnet.pools.entries()) {
    const text = `${formatIpv4(first)} to ${formatIpv4(last)}`;
    if (first > last)
      add('dhcp-pool-reversed', ['pools', index], `the pool ${text} ends before it starts`, 'swap its ends');
    else addresses += last - first + 1;
    for (const [end, address] of [['first', first] as const, ['last', last] as const]) {
      if (usable(address, subnet)) continue;
      add(
        'dhcp-pool-outside',
        ['pools', index, end],
        `${formatIpv4(address)} is no address for a host of ${cidrText(subnet)}`,
        `stay between ${formatIpv4(firstHost(subnet))} and ${formatIpv4(lastHost(subnet))}`,
      );
    }
    const twice = subnet.pools.slice(0, index).findIndex((other) => first <= other.last && other.first <= last);
    if (twice !== -1)
      add('dhcp-pools-overlap', ['pools', index], `the pool ${text} overlaps with pools[${twice}]`, 'join them');
  }
  if (addresses > mostAddresses) {
    add(
      'dhcp-pool-too-large',
      ['pools'],
      `${addresses} addresses are more than ${mostAddresses}`,
      'make the pools smaller',
    );
  }
}

function checkReservations(subnet: SubnetConfiguration, add: Add): void {
  const claims = new Map<string, number>();
  const claim = (index: number, field: string, key: string, what: string): void => {
    const before = claims.get(key);
    claims.set(key, index);
    if (before === undefined) return;
    add(
      'dhcp-reserved-twice',
      ['reservations', index, field],
      `${what} is in reservations[${before}] already`,
      'keep one',
    );
  };
  for (const [index, { address, mac, port }] of subnet.reservations.entries()) {
    const path = ['reservations', index] as const;
    if ((mac === undefined) === (port === undefined)) {
      add('dhcp-reservation-of-nobody', path, 'a reservation is for a MAC or for a port', 'write either mac or port');
    }
    if (!usable(address, subnet)) {
      add(
        'dhcp-reservation-outside',
        [...path, 'address'],
        `${formatIpv4(address)} is no address for a host of ${cidrText(subnet)}`,
        'write one that is, or move the reservation to its subnet',
      );
    }
    claim(index, 'address', `address ${address}`, formatIpv4(address));
    if (mac !== undefined) claim(index, 'mac', `mac ${mac}`, formatClientKey(mac));
    if (port !== undefined) claim(index, 'port', `port ${port.circuitId}/${port.remoteId ?? ''}`, 'the port');
  }
}

const cidrText = ({ cidr }: SubnetConfiguration): string => `${formatIpv4(cidr.base)}/${cidr.prefixLength}`;
const lastOf = ({ cidr }: SubnetConfiguration): Ipv4 => (cidr.base | ~maskOf(cidr.prefixLength)) >>> 0;
/** A /31 or /32 has no network and no broadcast address (RFC 3021). */
const firstHost = (subnet: SubnetConfiguration): Ipv4 => subnet.cidr.base + (subnet.cidr.prefixLength < 31 ? 1 : 0);
const lastHost = (subnet: SubnetConfiguration): Ipv4 => lastOf(subnet) - (subnet.cidr.prefixLength < 31 ? 1 : 0);
const usable = (address: Ipv4, subnet: SubnetConfiguration): boolean =>
  address >= firstHost(subnet) && address <= lastHost(subnet);
