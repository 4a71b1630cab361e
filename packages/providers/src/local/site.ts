import type { Json } from '@formwork/core';
import { join } from 'node:path';
import type { OpenOptions } from '../contract.ts';
import { parseSubnet, type Subnet } from './addresses.ts';
import { run, type Run } from './client.ts';
import type { LocalConfiguration, LocalCredentials } from './configuration.ts';
import { localError, localFailures } from './errors.ts';
import { siteNames, type SiteNames } from './names.ts';

/** One opened site: its names, its directories and how programs are run. All the provider's parts take it. */
export interface Site {
  readonly names: SiteNames;
  readonly configuration: LocalConfiguration;
  readonly subnet: Subnet;
  readonly directories: {
    readonly nodes: string;
    /** Shared with other sites of the host. */
    readonly images: string;
    readonly packages: string;
  };
  readonly run: Run;
  readonly log: (message: string, fields: Readonly<Record<string, Json>>) => void;
}

export function siteOf(options: OpenOptions<LocalConfiguration, LocalCredentials>): Site {
  const { configuration, dataDirectory } = options;
  const subnet = parseSubnet(configuration.subnet);
  if (subnet === null) {
    throw localError({ kind: 'invalid', code: 'bad-subnet', message: `${configuration.subnet} is no IPv4 network.` });
  }
  // Overlay's mount options know no way to quote these.
  if (/[:,\\\s]/.test(dataDirectory)) {
    throw localError(localFailures.noDriver(`The data directory ${dataDirectory} must not contain : , \\ or a space.`));
  }
  const cache =
    configuration.cacheDirectory ?? (process.getuid?.() === 0 ? '/var/cache/formwork' : join(dataDirectory, 'cache'));
  return {
    names: siteNames(options.siteId),
    configuration,
    subnet,
    directories: {
      nodes: join(dataDirectory, 'nodes'),
      images: join(cache, 'images'),
      packages: join(cache, 'packages'),
    },
    run,
    log: options.log,
  };
}

/** Host-wide locks; a node's own is held while it is made, started, stopped or removed. */
export const lockNames = {
  host: 'local/host',
  site: (site: Site): string => `local/site/${site.names.tag}`,
  bridge: (site: Site): string => `local/bridge/${site.configuration.bridge}`,
  node: (providerId: string): string => `local/node/${providerId}`,
} as const;
