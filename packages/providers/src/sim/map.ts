import { createHash } from 'node:crypto';
import type { Catalogue, Facts } from '@formwork/core';
import type { HostKey, Observation, OwnedResource, OwnerTags } from '../contract.ts';
import type { SimConfiguration } from './configuration.ts';
import type { Machine } from './machine.ts';

/** A length and the bytes, as SSH writes strings (RFC 4251, section 5). */
function sshString(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Well-formed (RFC 8709, section 4) and the same for the same seed and provider id; nobody has the private half. */
function hostKeyOf(seed: number, providerId: string): HostKey {
  const point = createHash('sha256')
    .update(JSON.stringify([seed, 'host-key', providerId]))
    .digest();
  const body = Buffer.concat([sshString(Buffer.from('ssh-ed25519')), sshString(point)]);
  return { publicKey: `ssh-ed25519 ${body.toString('base64')}`, trust: 'pinned' };
}

const factsOf = (machine: Machine): Facts => ({
  address: machine.address,
  arch: machine.arch,
  cpus: machine.cpus,
  diskGib: machine.diskGib,
  hostname: machine.name,
  kernel: '6.1.0-sim',
  memoryMib: machine.memoryMib,
  os: machine.os,
  osRelease: machine.osRelease,
});

export const sameTags = (a: OwnerTags, b: OwnerTags): boolean =>
  a.siteId === b.siteId &&
  a.deploymentId === b.deploymentId &&
  a.nodeId === b.nodeId &&
  a.incarnation === b.incarnation;

export const absent = (message: string): Observation => ({
  state: 'absent',
  ready: false,
  providerId: null,
  addresses: [],
  hostKey: null,
  user: 'root',
  facts: {},
  message,
});

/** What a machine looks like; `ready` is what the site says, which a lying one says too early. */
export function observationOf(machine: Machine, seed: number, nowMs: number, faults: MachineLooks): Observation {
  const booted = nowMs >= machine.bootedAtMs || faults.lyingReady;
  const creating = machine.boots === 1 && !booted;
  const state = machine.power === 'off' || machine.destroyAtMs !== null ? 'stopped' : creating ? 'creating' : 'running';
  const ready = state === 'running' && booted && !faults.neverReady;
  return {
    state,
    ready,
    providerId: machine.providerId,
    addresses: creating ? [] : [{ host: machine.address, port: 22, family: 4, scope: 'private' }],
    hostKey: creating ? null : hostKeyOf(seed, machine.providerId),
    user: 'root',
    facts: creating ? {} : factsOf(machine),
    message: messageOf(machine, state, ready),
  };
}

export interface MachineLooks {
  readonly lyingReady: boolean;
  readonly neverReady: boolean;
}

function messageOf(machine: Machine, state: Observation['state'], ready: boolean): string {
  if (machine.destroyAtMs !== null) return `${machine.name} is being destroyed`;
  if (state === 'stopped') return `${machine.name} is powered off`;
  if (ready) return `${machine.name} answers on SSH`;
  return state === 'creating' ? `${machine.name} is booting` : `${machine.name} does not answer on SSH yet`;
}

export const ownedResourceOf = (machine: Machine): OwnedResource => ({
  kind: 'machine',
  id: machine.providerId,
  tags: machine.tags,
});

export const catalogueOf = (configuration: SimConfiguration, used: number, nowMs: number): Catalogue => ({
  at: new Date(nowMs).toISOString(),
  images: configuration.images,
  sizes: configuration.sizes,
  custom: configuration.custom,
  zones: configuration.zones,
  capabilities: configuration.capabilities,
  quota: { nodes: configuration.maxNodes, used },
  pool: 0,
});

/** Last lines of a console that never was. */
export function consoleOf(machine: Machine): string {
  const boot = (count: number): string =>
    `[boot ${count}] ${machine.name}: Linux 6.1.0-sim ${machine.arch}, ${machine.image}\n[boot ${count}] sshd: listening on ${machine.address}:22\n`;
  return Array.from({ length: machine.boots }, (_, index) => boot(index + 1)).join('');
}
