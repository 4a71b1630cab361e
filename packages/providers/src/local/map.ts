/** Their shapes to ours: what a request asks of this host, and what of a node becomes facts. */
import type { Catalogue, Facts } from '@formwork/core';
import { arch as nodeArch, cpus, release, totalmem } from 'node:os';
import type { NodeRequest, ProviderFailure } from '../contract.ts';
import type { LocalConfiguration } from './configuration.ts';
import { localFailures } from './errors.ts';
import type { DriverName, NodeRecord } from './node-record.ts';

/** What this host has to give. */
export interface Host {
  readonly cpus: number;
  readonly memoryMib: number;
  /** As Debian names it: amd64, arm64. */
  readonly arch: string;
  readonly kernel: string;
}

export const thisHost = (): Host => ({
  cpus: cpus().length,
  memoryMib: Math.floor(totalmem() / 2 ** 20),
  arch: nodeArch() === 'x64' ? 'amd64' : nodeArch(),
  kernel: release(),
});

export type Wanted = Pick<NodeRecord, 'image' | 'cpus' | 'memoryGib' | 'diskGib' | 'capabilities'>;

const capabilitiesOf: Readonly<Record<DriverName, readonly string[]>> = {
  nspawn: ['containers'],
  docker: ['containers'],
  plain: [],
};

const maxMemoryGib = (host: Host): number => Math.max(1, Math.floor(host.memoryMib / 1024));

/** Rule 10: portable names and quantities resolved, or the first reason why not. */
export function resolveRequest(
  request: Pick<NodeRequest, 'image' | 'size' | 'capabilities' | 'candidate'>,
  configuration: LocalConfiguration,
  driver: DriverName,
  host: Host,
): { readonly ok: true; readonly wanted: Wanted } | { readonly ok: false; readonly failure: ProviderFailure } {
  const refuse = (failure: ProviderFailure) => ({ ok: false, failure }) as const;
  if (request.candidate > 0) return refuse(localFailures.noCandidate(request.candidate));
  const image = request.image ?? configuration.defaultImage;
  if (configuration.images[image] === undefined) {
    return refuse(localFailures.unknownName('image', image, Object.keys(configuration.images)));
  }
  const offered = capabilitiesOf[driver];
  const unknown = request.capabilities.find((capability) => !offered.includes(capability));
  if (unknown !== undefined) return refuse(localFailures.unknownName('capability', unknown, offered));
  const named = typeof request.size === 'string' ? request.size : null;
  const asked = typeof request.size === 'string' ? {} : (request.size ?? {});
  const size = named === null ? asked : configuration.sizes[named];
  if (size === undefined) {
    return refuse(localFailures.unknownName('size', named ?? '', Object.keys(configuration.sizes)));
  }
  if (asked.arch !== undefined && asked.arch !== host.arch)
    return refuse(localFailures.wrongArch(asked.arch, host.arch));
  // A named size is the site's own word; only what was asked for by quantities is held against the host.
  const bounds: readonly (readonly [string, number, number])[] = [
    ['cpus', asked.cpus ?? 0, host.cpus],
    ['memoryGib', asked.memoryGib ?? 0, maxMemoryGib(host)],
    ['diskGib', asked.diskGib ?? 0, configuration.maxDiskGib],
    ['gpus', asked.gpus ?? 0, 0],
  ];
  for (const [what, wanted, max] of bounds) {
    if (wanted > max) return refuse(localFailures.sizeTooLarge(what, wanted, max));
  }
  return {
    ok: true,
    wanted: {
      image,
      cpus: size.cpus ?? null,
      memoryGib: size.memoryGib ?? null,
      diskGib: size.diskGib ?? null,
      capabilities: [...new Set(request.capabilities)].sort(),
    },
  };
}

export function catalogueOf(
  configuration: LocalConfiguration,
  driver: DriverName,
  host: Host,
  used: number,
  at: Date,
): Catalogue {
  return {
    at: at.toISOString(),
    images: Object.entries(configuration.images).map(([name, { suite, packages }]) => ({
      name,
      arch: host.arch,
      description: [`Debian ${suite}`, ...(packages.length > 0 ? [`with ${packages.join(', ')}`] : [])].join(' '),
    })),
    sizes: Object.entries(configuration.sizes).map(([name, size]) => ({ name, ...size, hourlyPrice: null })),
    custom: { maxCpus: host.cpus, maxMemoryGib: maxMemoryGib(host), maxDiskGib: configuration.maxDiskGib },
    zones: [],
    capabilities: capabilitiesOf[driver],
    quota: { nodes: configuration.maxNodes, used },
    pool: 0,
  };
}

/** Normalised: only what a new start of the same node would give again. Sizes in MiB and GiB. */
export function factsOf(record: NodeRecord, address: string, suite: string, host: Host): Facts {
  return {
    address,
    hostname: record.name,
    arch: host.arch,
    // A quota of half a processor still shows one; without a quota all of the host's are there.
    cpus: record.cpus === null ? host.cpus : Math.max(1, Math.min(host.cpus, Math.ceil(record.cpus))),
    memoryMib: record.memoryGib === null ? host.memoryMib : Math.round(record.memoryGib * 1024),
    diskGib: record.diskGib,
    os: 'debian',
    osRelease: suite,
    kernel: host.kernel,
  };
}
