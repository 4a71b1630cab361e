import { FormworkError } from '@formwork/core';
import { z } from 'zod';
import type { Descriptor, OpenOptions, Provider, ProviderModule } from './contract.ts';
import { localProvider } from './local/provider.ts';
import { metalProvider } from './metal/provider.ts';
import { nearestNames } from './nearest-names.ts';
import { simProvider } from './sim/provider.ts';

/** A provider as the registry gives it out: its configuration and credentials come as they were stored. */
export interface RegisteredProvider {
  readonly descriptor: Descriptor;
  /** Parses both by the descriptor's schemas, then opens the site. Throws `invalid` naming every wrong field. No I/O. */
  open(options: OpenOptions<unknown, unknown>): Provider;
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, what: 'configuration' | 'credentials', provider: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  // Only paths and messages: the values of credentials are secrets.
  const problems = result.error.issues.map(({ path, message }) => ({
    path: `$${z.core.toDotPath(path).replace(/^(?=[^[])/, '.')}`,
    message,
  }));
  const text = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new FormworkError('invalid', `site-${what}`, `The ${what} of this ${provider} site is wrong. ${text}`, {
    details: { problems },
  });
}

function registered<Config, Credentials>(module: ProviderModule<Config, Credentials>): RegisteredProvider {
  const { descriptor } = module;
  return {
    descriptor,
    open: (options) =>
      module.open({
        ...options,
        configuration: parsed(descriptor.configuration, options.configuration, 'configuration', descriptor.name),
        credentials: parsed(descriptor.credentials, options.credentials, 'credentials', descriptor.name),
      }),
  };
}

/** Every provider there is. A folder beside this file belongs in this list; a test holds the two together. */
export const providers: readonly RegisteredProvider[] = [
  registered(localProvider),
  registered(metalProvider),
  registered(simProvider),
];

/** Throws `not-found` with the nearest names. */
export function providerNamed(name: string): RegisteredProvider {
  const found = providers.find(({ descriptor }) => descriptor.name === name);
  if (found !== undefined) return found;
  const names = providers.map(({ descriptor }) => descriptor.name);
  throw new FormworkError(
    'not-found',
    'unknown-provider',
    `There is no provider ${name}; nearest: ${nearestNames(name, names).join(', ')}.`,
  );
}
