/** Their shapes to ours: what a request asks of the pool, and what of a machine becomes facts, catalogue and resource. */
import {
  type Catalogue,
  chooseMachine,
  type Facts,
  isInstalled,
  type Machine,
  machineSize,
  type MachineSize,
  type MachineWish,
  type SizeRequest,
} from '@formwork/core';
import type { NodeRequest, OwnedResource, OwnerTags, ProviderFailure } from '../contract.ts';
import type { MetalConfiguration } from './configuration.ts';
import { metalFailures } from './errors.ts';

/** What every physical machine can. */
const capabilities: readonly string[] = ['containers', 'virtualization'];

/** A label of a group that asks for a label of the machine: `machine/rack`. */
const wishPrefix = 'machine/';

export interface MetalWish extends MachineWish {
  readonly image: string;
}

/** Rule 10: portable names and quantities resolved, or the first reason why not. */
export function resolveRequest(
  request: Pick<NodeRequest, 'image' | 'size' | 'capabilities' | 'labels'>,
  configuration: MetalConfiguration,
  machines: readonly Machine[],
): { readonly ok: true; readonly wish: MetalWish } | { readonly ok: false; readonly failure: ProviderFailure } {
  const refuse = (failure: ProviderFailure) => ({ ok: false, failure }) as const;
  const image = request.image ?? configuration.defaultImage;
  if (image === null) return refuse(metalFailures.noImage());
  const known = configuration.images[image];
  if (known === undefined) return refuse(metalFailures.unknownName('image', image, Object.keys(configuration.images)));
  const unknown = request.capabilities.find((capability) => !capabilities.includes(capability));
  if (unknown !== undefined) return refuse(metalFailures.unknownName('capability', unknown, capabilities));
  const sizeName = typeof request.size === 'string' ? request.size : '';
  const named = typeof request.size === 'string' ? configuration.sizes[request.size] : request.size;
  if (named === undefined) {
    return refuse(metalFailures.unknownName('size', sizeName, Object.keys(configuration.sizes)));
  }
  const size: SizeRequest = { ...quantities(named), arch: named?.arch ?? known.arch };
  if (size.arch !== known.arch) return refuse(metalFailures.wrongArch(image, known.arch, size.arch ?? ''));
  const looked = machines.filter((machine) => machineSize(machine) !== null);
  if (looked.length > 0 && chooseMachine(looked, { size, labels: {} }) === null) {
    const wanted = Object.entries(size).map(([name, value]) => `${name} ${String(value)}`);
    return refuse(metalFailures.sizeTooLarge(wanted.join(', '), looked.length));
  }
  return { ok: true, wish: { image, size, labels: wishedLabels(request.labels) } };
}

const quantities = (size: MetalConfiguration['sizes'][string] | SizeRequest | null): SizeRequest => ({
  ...(size?.cpus === undefined ? {} : { cpus: size.cpus }),
  ...(size?.memoryGib === undefined ? {} : { memoryGib: size.memoryGib }),
  ...(size?.diskGib == null ? {} : { diskGib: size.diskGib }),
  ...(size?.gpus === undefined ? {} : { gpus: size.gpus }),
});

const wishedLabels = (labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(labels).flatMap(([name, value]) =>
      name.startsWith(wishPrefix) ? [[name.slice(wishPrefix.length), value] as const] : [],
    ),
  );

export const tagsOf = ({ siteId, allocation }: Machine): OwnerTags | null =>
  allocation === null
    ? null
    : {
        siteId,
        deploymentId: allocation.deploymentId,
        nodeId: allocation.nodeId,
        incarnation: allocation.incarnation,
      };

export const sameTags = (a: OwnerTags | null, b: OwnerTags): boolean =>
  a !== null &&
  a.siteId === b.siteId &&
  a.deploymentId === b.deploymentId &&
  a.nodeId === b.nodeId &&
  a.incarnation === b.incarnation;

export const ownedResources = (machines: readonly Machine[]): readonly OwnedResource[] =>
  machines.flatMap((machine) => {
    const tags = tagsOf(machine);
    return tags === null ? [] : [{ kind: 'machine', id: machine.id, tags }];
  });

/** As every provider has them (rule 14); the machine's own hardware, whatever was asked for. Empty until it runs. */
export function nodeFacts(machine: Machine, configuration: MetalConfiguration): Facts {
  const size = machineSize(machine);
  const { install, allocation } = machine;
  if (!isInstalled(machine) || install === null || allocation === null || size === null) return {};
  const image = configuration.images[install.image];
  return {
    address: install.address,
    arch: size.arch,
    cpus: size.cpus,
    diskGib: Math.floor(size.diskGib),
    hostname: allocation.nodeName,
    kernel: install.kernel,
    memoryMib: machine.facts?.memoryMiB ?? 0,
    os: image?.os ?? null,
    osRelease: image?.release ?? null,
  };
}

export function catalogueOf(configuration: MetalConfiguration, machines: readonly Machine[], nowMs: number): Catalogue {
  const inUse = machines.filter(({ approved, state }) => approved && state !== 'retired');
  const sizes = inUse.flatMap((machine) => machineSize(machine) ?? []);
  const most = (of: (size: MachineSize) => number): number => Math.max(0, ...sizes.map(of));
  return {
    at: new Date(nowMs).toISOString(),
    images: Object.entries(configuration.images).map(([name, { arch, description }]) => ({ name, arch, description })),
    sizes: Object.entries(configuration.sizes).map(([name, { cpus, memoryGib, diskGib }]) => ({
      name,
      cpus,
      memoryGib,
      diskGib,
      hourlyPrice: null,
    })),
    custom: {
      maxCpus: most(({ cpus }) => cpus),
      maxMemoryGib: Math.ceil(most(({ memoryGib }) => memoryGib)),
      maxDiskGib: Math.floor(most(({ diskGib }) => diskGib)),
    },
    zones: [],
    capabilities,
    quota: { nodes: inUse.length, used: machines.filter(({ allocation }) => allocation !== null).length },
    pool: machines.filter(({ state }) => state === 'ready').length,
  };
}
