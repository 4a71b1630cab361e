import { FormworkError, type Machine } from '@formwork/core';
import type { ProviderErrorKind, ProviderFailure } from '../contract.ts';
import { failureOf } from '../provider-error.ts';
import { nearestNames } from '../nearest-names.ts';

/** Everything that goes wrong at a metal site, with the codes it is known by. BMCs have their own (bmc-failures.ts). */
export const metalFailures = {
  noStore: (): ProviderFailure => ({
    kind: 'bug',
    code: 'no-machine-store',
    message: 'A metal site was opened without the inventory of machines.',
  }),
  unknownName: (field: 'image' | 'size' | 'capability', name: string, valid: readonly string[]): ProviderFailure => ({
    kind: 'invalid',
    code: `unknown-${field}`,
    message: `The site has no ${field} ${name}; nearest: ${nearestNames(name, valid).join(', ') || 'none, it has no such thing'}.`,
  }),
  noImage: (): ProviderFailure => ({
    kind: 'invalid',
    code: 'no-image',
    message: 'The group names no image, and the site has no defaultImage.',
  }),
  wrongArch: (image: string, arch: string, wanted: string): ProviderFailure => ({
    kind: 'invalid',
    code: 'wrong-arch',
    message: `Image ${image} is for ${arch}, the size asks for ${wanted}.`,
  }),
  sizeTooLarge: (wanted: string, machines: number): ProviderFailure => ({
    kind: 'invalid',
    code: 'size-too-large',
    message: `None of the site's ${machines} machines has ${wanted}; add one, or ask for less.`,
  }),
  noMachine: (ready: number, total: number): ProviderFailure => ({
    kind: 'capacity',
    code: 'no-machine',
    message: `No machine that fits is free: of ${total} machines ${ready} are ready. Add, repair or release one: formwork machine list.`,
  }),
  broken: ({ name, reason }: Machine): ProviderFailure => ({
    kind: 'capacity',
    code: 'machine-broken',
    message: `Machine ${name} broke: ${reason.message}. Another one may do; this one waits for formwork machine repair ${name}.`,
  }),
  task: ({ name }: Machine, kind: string, message: string): ProviderFailure => ({
    kind: 'unavailable',
    code: `${kind}-failed`,
    message: `Machine ${name}: ${message}`,
  }),
  taken: ({ name, state }: Machine): ProviderFailure => ({
    kind: 'conflict',
    code: 'being-released',
    message: `Machine ${name} is ${state}; a new incarnation needs a new key.`,
  }),
  notOwned: (name: string): ProviderFailure => ({
    kind: 'conflict',
    code: 'not-owned',
    message: `Machine ${name} belongs to another node; it is left alone.`,
  }),
  absent: (name: string): ProviderFailure => ({
    kind: 'not-found',
    code: 'no-machine-of-node',
    message: `There is no machine for ${name}.`,
  }),
  noBmc: (name: string): ProviderFailure => ({
    kind: 'invalid',
    code: 'no-bmc',
    message: `Machine ${name} has no BMC: switch it by hand, or give it one with formwork machine bmc ${name}.`,
  }),
  badBmc: (name: string, problems: string): ProviderFailure => ({
    kind: 'invalid',
    code: 'bmc-settings',
    message: `The BMC settings of machine ${name} are wrong: ${problems}.`,
  }),
  noAccount: (account: string, valid: readonly string[]): ProviderFailure => ({
    kind: 'auth',
    code: 'no-bmc-account',
    message: `The site's credentials have no BMC account ${account}; there are: ${valid.join(', ') || 'none'}.`,
  }),
  noSecret: (name: string): ProviderFailure => ({
    kind: 'auth',
    code: 'no-secret',
    message: `The site's credentials have no secret ${name}, which a webhook refers to.`,
  }),
} as const;

const kinds: Readonly<Partial<Record<FormworkError['kind'], ProviderErrorKind>>> = {
  retryable: 'unavailable',
  conflict: 'conflict',
  'not-found': 'not-found',
  invalid: 'invalid',
};

/** What a BMC or the inventory threw, as one of the closed set: a database that is away for a while is no bug. */
export function metalFailureOf(error: unknown): ProviderFailure {
  const kind = error instanceof FormworkError && error.details['failure'] === undefined ? kinds[error.kind] : undefined;
  if (kind === undefined || !(error instanceof FormworkError)) return failureOf(error);
  return { kind, code: error.code, message: error.message };
}
