import { generateKeyPairSync } from 'node:crypto';
import { FormworkError, type SecretReference } from '@formwork/core';
import { siteScope } from '@formwork/db';
import type { Secrets } from '../secrets.ts';

const name = 'metal-signing-key';

/**
 * The ed25519 key that a site signs its tasks with, PKCS8 PEM: made when it is asked for first, a secret of the site. Of
 * several workers that make one at once the first one's is the key.
 */
export async function siteSigningKey(secrets: Secrets, siteId: string): Promise<string> {
  const scope = siteScope(siteId);
  const first: SecretReference = { $secret: { ref: `${scope}/${name}`, version: 1, digest: '' } };
  try {
    return await secrets.reveal(first);
  } catch (error) {
    if (!(error instanceof FormworkError) || error.code !== 'secret-missing') throw error;
  }
  const { privateKey } = generateKeyPairSync('ed25519');
  await secrets.seal(scope, name, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  return await secrets.reveal(first);
}
