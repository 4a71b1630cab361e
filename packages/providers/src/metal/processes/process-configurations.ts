/**
 * The configuration of a site's boot processes, made from the configuration of the site and its machines. Pure: the same
 * input gives the same text, so that a change is seen by comparing.
 */
import type { Machine } from '@formwork/core';
import type { MetalConfiguration } from '../configuration.ts';
import { formatIpv4, parseCidr, parseIpv4, isWithin } from '../dhcp/codec/ipv4.ts';
import { clientKeyOfMac } from '../dhcp/codec/hardware-address.ts';
import type { dhcpConfigurationSchema } from '../dhcp/configuration/schema.ts';
import type { z } from 'zod';
import type { bootListenerConfiguration } from '../http-boot/listener/configuration.ts';
import type { tftpConfiguration } from '../tftp/configuration.ts';
import type { SiteDirectories } from './site-directories.ts';

export interface ProcessIdentity {
  readonly uid: number;
  readonly gid: number;
}

export interface ProcessContext {
  /** Where the site's services listen. */
  readonly address: string;
  readonly directories: SiteDirectories;
  /** Who the processes become; null: they stay who they are. */
  readonly user: ProcessIdentity | null;
  /** Name of a socket for broadcasts that was handed to us, bound to the device; null: the server opens its own. */
  readonly fdName: string | null;
}

type DhcpInput = z.input<typeof dhcpConfigurationSchema>;

/** Where machines reach the boot listener. */
export const baseUrlOf = (address: string, { boot }: MetalConfiguration): string =>
  `http://${address}:${String(boot.httpPort)}`;

export function dhcpConfigurationOf(
  configuration: MetalConfiguration,
  machines: readonly Machine[],
  { address, user, fdName }: ProcessContext,
): DhcpInput {
  const base = baseUrlOf(address, configuration);
  const known = [...machines].filter(({ state }) => state !== 'retired').sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    listen: [{ address, ...(fdName === null ? {} : { fdName }) }],
    subnets: configuration.subnets.map((subnet) => {
      const written = subnet.reservations ?? [];
      return { ...subnet, reservations: [...written, ...reservationsOf(known, subnet.cidr, written)] };
    }),
    boot: { script: `${base}/boot.ipxe`, httpBase: `${base}/files` },
    nodes: nodesOf(known),
    ...(user === null ? {} : { user: { uid: user.uid, gid: user.gid } }),
  };
}

/** An installed machine keeps the address that its SSH answers at. What a person wrote comes first. */
function reservationsOf(
  machines: readonly Machine[],
  cidr: string,
  written: NonNullable<DhcpInput['subnets'][number]['reservations']>,
): NonNullable<DhcpInput['subnets'][number]['reservations']> {
  const network = parseCidr(cidr);
  const macs = new Set(written.flatMap(({ mac }) => (mac === undefined ? [] : clientKeyOfMac(mac))));
  const addresses = new Set(written.map(({ address }) => address));
  return machines.flatMap(({ install, facts, identity, allocation }) => {
    const address = parseIpv4(install?.address ?? '');
    const mac = facts?.boot.mac ?? identity.macs[0];
    if (network === null || address === null || !isWithin(address, network) || mac === undefined) return [];
    const [key, text] = [clientKeyOfMac(mac), formatIpv4(address)];
    if (macs.has(key) || addresses.has(text)) return [];
    macs.add(key);
    addresses.add(text);
    return [{ mac, address: text, ...hostnameOf(allocation) }];
  });
}

/** Every MAC once: where two machines claim one, the first by name has it. */
function nodesOf(machines: readonly Machine[]): NonNullable<DhcpInput['nodes']> {
  const taken = new Set<string>();
  return machines.flatMap(({ identity, state, allocation }) => {
    const macs = identity.macs.filter((mac) => !taken.has(mac));
    for (const mac of macs) taken.add(mac);
    return macs.length === 0 ? [] : [{ macs, booting: state !== 'active', ...hostnameOf(allocation) }];
  });
}

const hostnameOf = (allocation: Machine['allocation']): { hostname?: string } => {
  const name = allocation?.nodeName ?? '';
  return /^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/i.test(name) ? { hostname: name } : {};
};

export const tftpConfigurationOf = ({
  address,
  directories,
  user,
}: ProcessContext): z.input<typeof tftpConfiguration> => ({
  addresses: [address],
  root: directories.boot,
  becomes: user === null ? null : { uid: user.uid, gid: user.gid },
});

export const listenerConfigurationOf = (
  configuration: MetalConfiguration,
  { address, directories, user }: ProcessContext,
): z.input<typeof bootListenerConfiguration> => ({
  addresses: [address],
  port: configuration.boot.httpPort,
  baseUrl: baseUrlOf(address, configuration),
  root: directories.boot,
  images: directories.images,
  becomes: user === null ? null : { uid: user.uid, gid: user.gid },
});
