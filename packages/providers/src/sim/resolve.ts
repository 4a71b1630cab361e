import type { NodeRequest } from '../contract.ts';
import { providerError } from '../provider-error.ts';
import type { SimConfiguration } from './configuration.ts';
import { simFailures } from './errors.ts';

/** Rule 10: what the portable names of a request come to at this site. */
export interface Resolved {
  readonly image: string;
  readonly arch: string;
  readonly cpus: number;
  readonly memoryMib: number;
  /** Null: as much as the site gives. */
  readonly diskGib: number | null;
  /** Distribution and its release by code name, as every provider's facts say them: `debian`, `bookworm`. */
  readonly os: string;
  readonly osRelease: string;
  readonly zone: string;
}

const gib = 1024;

/** Code names, which facts carry, by the version that portable image names carry. */
const codeNames: Readonly<Record<string, string>> = {
  'debian-11': 'bullseye',
  'debian-12': 'bookworm',
  'debian-13': 'trixie',
  'ubuntu-22.04': 'jammy',
  'ubuntu-24.04': 'noble',
};

function releaseOf(image: string): Pick<Resolved, 'os' | 'osRelease'> {
  const [os = image, version = 'unknown'] = image.split('-');
  return { os, osRelease: codeNames[image] ?? version };
}

function named<T extends { readonly name: string }>(
  field: 'image' | 'size',
  all: readonly T[],
  wanted: string | null,
): T {
  const found = wanted === null ? all[0] : all.find(({ name }) => name === wanted);
  if (found !== undefined) return found;
  const names = all.map(({ name }) => name);
  throw providerError(simFailures.unknownName(field, wanted ?? 'default', names));
}

function sizeOf(
  configuration: SimConfiguration,
  size: NodeRequest['size'],
): Pick<Resolved, 'cpus' | 'memoryMib' | 'diskGib'> {
  if (size === null || typeof size === 'string') {
    const { cpus, memoryGib, diskGib } = named('size', configuration.sizes, size);
    return { cpus, memoryMib: Math.round(memoryGib * gib), diskGib };
  }
  const { maxCpus, maxMemoryGib, maxDiskGib } = configuration.custom;
  const bounds = [
    ['cpus', size.cpus ?? 1, maxCpus],
    ['memoryGib', size.memoryGib ?? 1, maxMemoryGib],
    ['diskGib', size.diskGib ?? 0, maxDiskGib],
    ['gpus', size.gpus ?? 0, 0],
  ] as const;
  for (const [what, wanted, max] of bounds) {
    if (wanted > max) throw providerError(simFailures.sizeTooLarge(what, wanted, max));
  }
  const { cpus = 1, memoryGib = 1, diskGib = null } = size;
  return { cpus, memoryMib: Math.round(memoryGib * gib), diskGib };
}

/** Throws a provider error of kind `invalid` for what the site does not know, `capacity` past the last candidate. */
export function resolveRequest(configuration: SimConfiguration, request: NodeRequest): Resolved {
  const image = named('image', configuration.images, request.image);
  const size = sizeOf(configuration, request.size);
  const arch = typeof request.size === 'object' ? request.size?.arch : undefined;
  if (arch !== undefined && arch !== image.arch)
    throw providerError(simFailures.noSuchArch(image.name, image.arch, arch));
  for (const capability of request.capabilities) {
    if (!configuration.capabilities.includes(capability)) {
      throw providerError(simFailures.unknownName('capability', capability, configuration.capabilities));
    }
  }
  const zone = configuration.zones[request.candidate];
  if (zone === undefined) throw providerError(simFailures.noCandidate(request.candidate, configuration.zones.length));
  return { image: image.name, arch: image.arch, ...releaseOf(image.name), ...size, zone };
}
