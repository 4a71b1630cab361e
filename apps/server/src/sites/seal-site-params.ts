import { indexContent, isJsonObject, type Json } from '@formwork/core';
import { readPacks, siteScope } from '@formwork/db';
import type { ServerDeps } from '../deps.ts';

/** Takes values of parameters that some pack declares secret out of a site's layer: references stay. */
export async function sealSiteParams(
  deps: Pick<ServerDeps, 'db' | 'secrets'>,
  siteId: string,
  params: Readonly<Record<string, Json>>,
): Promise<Readonly<Record<string, Json>>> {
  const declared = indexContent({ packs: await readPacks(deps.db, null) }).params;
  const sealed: [string, Json][] = [];
  for (const [name, value] of Object.entries(params)) {
    if (declared.get(name)?.secret !== true || (isJsonObject(value) && '$secret' in value)) {
      sealed.push([name, value]);
      continue;
    }
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const { $secret } = await deps.secrets.seal(siteScope(siteId), `param ${name}`, text);
    sealed.push([name, { $secret: { ref: $secret.ref, version: $secret.version, digest: $secret.digest } }]);
  }
  return Object.fromEntries(sealed);
}
