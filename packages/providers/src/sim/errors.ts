import type { ProviderFailure } from '../contract.ts';
import { nearestNames } from '../nearest-names.ts';

/** Everything that goes wrong at a simulated site, with the codes it is known by. */
export const simFailures = {
  aborted: (): ProviderFailure => ({ kind: 'unavailable', code: 'aborted', message: 'The call was aborted.' }),
  timeout: (timeoutMs: number): ProviderFailure => ({
    kind: 'unavailable',
    code: 'timeout',
    message: `The simulated site did not answer within ${timeoutMs} ms.`,
  }),
  unavailable: (operation: string): ProviderFailure => ({
    kind: 'unavailable',
    code: 'ServiceUnavailable',
    message: `The simulated site is not available for ${operation}; try again.`,
  }),
  throttled: (retryAfterMs: number): ProviderFailure => ({
    kind: 'throttled',
    code: 'RequestLimitExceeded',
    message: `Too many requests; come back in ${retryAfterMs} ms.`,
    retryAfterMs,
  }),
  auth: (): ProviderFailure => ({
    kind: 'auth',
    code: 'AuthFailure',
    message: 'The simulated site no longer accepts the credentials; give the site new ones.',
  }),
  capacity: (zone: string): ProviderFailure => ({
    kind: 'capacity',
    code: 'InsufficientCapacity',
    message: `Zone ${zone} has no capacity for this machine; another candidate may.`,
  }),
  noCandidate: (candidate: number, zones: number): ProviderFailure => ({
    kind: 'capacity',
    code: 'NoMoreCandidates',
    message: `Candidate ${candidate} does not exist: the site has ${zones} zones and all were tried.`,
  }),
  quota: (maxNodes: number): ProviderFailure => ({
    kind: 'quota',
    code: 'QuotaExceeded',
    message: `The site already has its ${maxNodes} machines; destroy some or raise maxNodes.`,
  }),
  unknownName: (field: 'image' | 'size' | 'capability', name: string, valid: readonly string[]): ProviderFailure => ({
    kind: 'invalid',
    code: `unknown-${field}`,
    message: `The site has no ${field} ${name}; nearest: ${nearestNames(name, valid).join(', ') || 'none, it has no such thing'}.`,
  }),
  sizeTooLarge: (what: string, wanted: number, max: number): ProviderFailure => ({
    kind: 'invalid',
    code: 'size-too-large',
    message: `Asked for ${what} ${wanted}; the site makes at most ${max}.`,
  }),
  noSuchArch: (image: string, arch: string, wanted: string): ProviderFailure => ({
    kind: 'invalid',
    code: 'wrong-arch',
    message: `Image ${image} is for ${arch}, the size asks for ${wanted}.`,
  }),
  notOwned: (providerId: string): ProviderFailure => ({
    kind: 'conflict',
    code: 'not-owned',
    message: `Machine ${providerId} carries the tags of another owner; it is left alone.`,
  }),
  beingDestroyed: (providerId: string): ProviderFailure => ({
    kind: 'conflict',
    code: 'being-destroyed',
    message: `Machine ${providerId} is being destroyed; a new incarnation needs a new key.`,
  }),
  answerLost: (): ProviderFailure => ({
    kind: 'unavailable',
    code: 'ConnectionReset',
    message: 'The connection broke before the answer came; whether a machine was made is not known.',
  }),
  destroyFailed: (providerId: string): ProviderFailure => ({
    kind: 'unavailable',
    code: 'InternalError',
    message: `The simulated site could not destroy ${providerId}; try again.`,
  }),
  absent: (name: string): ProviderFailure => ({
    kind: 'not-found',
    code: 'NoSuchMachine',
    message: `There is no machine for ${name}.`,
  }),
} as const;
