import type { FormworkError } from '@formwork/core';
import type { ProviderFailure } from '../contract.ts';
import { nearestNames } from '../nearest-names.ts';
import { failureOf, providerError } from '../provider-error.ts';

/** Everything that goes wrong on this host, with the codes it is known by. */
export const localFailures = {
  command: (command: string, code: number | null, stderr: string): ProviderFailure => ({
    kind: 'unavailable',
    code: `command-${command}`,
    message: `${command} ended with ${code ?? 'a signal'}: ${stderr.trim().slice(-600) || 'no output'}`,
  }),
  commandMissing: (command: string): ProviderFailure => ({
    kind: 'unavailable',
    code: 'command-missing',
    message: `${command} is not installed on this host; the site's check names the package.`,
  }),
  packagesMissing: (packages: string): ProviderFailure => ({
    kind: 'unavailable',
    code: 'packages-missing',
    message: `This host lacks Debian packages; as root: apt-get install ${packages}`,
  }),
  unknownName: (field: 'image' | 'size' | 'capability', name: string, valid: readonly string[]): ProviderFailure => ({
    kind: 'invalid',
    code: `unknown-${field}`,
    message: `This host has no ${field} ${name}; nearest: ${nearestNames(name, valid).join(', ') || 'none'}.`,
  }),
  sizeTooLarge: (what: string, wanted: number, max: number): ProviderFailure => ({
    kind: 'invalid',
    code: 'size-too-large',
    message: `Asked for ${what} ${wanted}; this host gives a node at most ${max}.`,
  }),
  wrongArch: (wanted: string, arch: string): ProviderFailure => ({
    kind: 'invalid',
    code: 'wrong-arch',
    message: `The size asks for ${wanted}; nodes share this host's ${arch}.`,
  }),
  noCandidate: (candidate: number): ProviderFailure => ({
    kind: 'capacity',
    code: 'no-more-candidates',
    message: `Candidate ${candidate} does not exist: this host is the only one.`,
  }),
  quota: (maxNodes: number): ProviderFailure => ({
    kind: 'quota',
    code: 'max-nodes',
    message: `The site already has its ${maxNodes} nodes; destroy some or raise maxNodes.`,
  }),
  subnetFull: (subnet: string): ProviderFailure => ({
    kind: 'capacity',
    code: 'subnet-full',
    message: `Every address of ${subnet} is taken; give the site a larger subnet.`,
  }),
  notOwned: (providerId: string): ProviderFailure => ({
    kind: 'conflict',
    code: 'not-owned',
    message: `${providerId} carries the tags of another owner; it is left alone.`,
  }),
  keyReused: (providerId: string): ProviderFailure => ({
    kind: 'conflict',
    code: 'key-reused',
    message: `${providerId} was made by the same key for another node; it is left alone.`,
  }),
  beingDestroyed: (providerId: string): ProviderFailure => ({
    kind: 'conflict',
    code: 'being-destroyed',
    message: `${providerId} is being destroyed; a new incarnation needs a new key.`,
  }),
  absent: (name: string): ProviderFailure => ({
    kind: 'not-found',
    code: 'no-such-node',
    message: `There is no machine for ${name} on this host.`,
  }),
  bridgeTaken: (bridge: string): ProviderFailure => ({
    kind: 'conflict',
    code: 'bridge-taken',
    message: `Network interface ${bridge} exists and is not this site's; give the site another bridge name.`,
  }),
  subnetTaken: (subnet: string, by: string): ProviderFailure => ({
    kind: 'conflict',
    code: 'subnet-taken',
    message: `Subnet ${subnet} is already in use by ${by}; give the site another subnet.`,
  }),
  imageFailed: (image: string, log: string): ProviderFailure => ({
    kind: 'unavailable',
    code: 'image-build-failed',
    message: `Image ${image} could not be built: ${log}`,
  }),
  noDriver: (why: string): ProviderFailure => ({ kind: 'invalid', code: 'no-driver', message: why }),
  stillBusy: (providerId: string, what: string): ProviderFailure => ({
    kind: 'unavailable',
    code: 'still-busy',
    message: `${providerId}: ${what}`,
  }),
} as const;

/** What the calls throw that answer no StepResult. */
export const localError = (failure: ProviderFailure, cause?: unknown): FormworkError => providerError(failure, cause);

/** File-system and process errors by their errno; everything else as `failureOf` says. */
export function localFailureOf(error: unknown): ProviderFailure {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error) {
    const kind = error.code === 'ENOSPC' || error.code === 'EDQUOT' ? 'capacity' : 'unavailable';
    return { kind, code: error.code, message: error.message };
  }
  return failureOf(error);
}
