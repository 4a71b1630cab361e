import { FormworkError } from '@formwork/core';
import { siteScope } from '@formwork/db';
import type { RegisteredProvider } from '@formwork/providers';
import type { ServerDeps } from '../deps.ts';
import { problemsOfIssues } from '../http/json-path-of.ts';
import { invalidContent } from '../http/problems.ts';
import { credentialsName } from '../resources/site-response.ts';

/** The scope of secrets that people set by name. */
export const namedSecretScope = 'global';
export const namedSecretReference = (name: string): string => `${namedSecretScope}/${name}`;

/**
 * Copies a named secret under a site's key, after checking that it is what the provider needs. Gives the reference to
 * keep with the site. Throws 422 when there is no such secret or it does not fit; never tells what it holds.
 */
export async function sealCredentials(
  deps: Pick<ServerDeps, 'inventory' | 'secrets'>,
  site: { readonly id: string; readonly provider: RegisteredProvider },
  secret: string,
): Promise<string> {
  const ref = namedSecretReference(secret);
  const found = await deps.inventory.namedSecrets.find(namedSecretScope, ref);
  if (found === null) {
    const message = `there is no secret ${secret}`;
    const remedy = `set it first: formwork secret set ${secret}`;
    throw invalidContent('the site', [{ code: 'unknown-secret', path: '$.credentials', message, remedy }]);
  }
  const text = await deps.secrets.reveal({ $secret: { ref, version: found.version, digest: found.digest } });
  checkCredentials(site.provider, text);
  const { $secret } = await deps.secrets.seal(siteScope(site.id), credentialsName(secret, found.version), text);
  return $secret.ref;
}

function checkCredentials(provider: RegisteredProvider, text: string): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message would quote the secret.
    const message = 'the secret is not a JSON object';
    throw invalidContent('the credentials', [{ code: 'not-json', path: '$.credentials', message }]);
  }
  const parsed = provider.descriptor.credentials.safeParse(value);
  if (parsed.success) return;
  throw invalidContent('the credentials', problemsOfIssues(parsed.error.issues, ['credentials']));
}

/** A site's configuration as its provider wants it; throws 422 with every problem. */
export function checkConfiguration(provider: RegisteredProvider, configuration: unknown): void {
  const parsed = provider.descriptor.configuration.safeParse(configuration);
  if (parsed.success) return;
  throw invalidContent('the configuration', problemsOfIssues(parsed.error.issues, ['configuration']));
}

/** Throws 422 naming the providers there are. */
export function requireProvider(providers: readonly RegisteredProvider[], name: string): RegisteredProvider {
  const found = providers.find((provider) => provider.descriptor.name === name);
  if (found !== undefined) return found;
  const names = providers.map((provider) => provider.descriptor.name).join(', ');
  throw new FormworkError('invalid', 'invalid-content', `there is no provider ${name}`, {
    details: {
      problems: [
        {
          code: 'unknown-provider',
          path: '$.provider',
          message: `there is no provider ${name}`,
          remedy: `one of ${names}`,
        },
      ],
    },
  });
}
