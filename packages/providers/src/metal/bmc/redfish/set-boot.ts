import { bmcError, bmcFailures } from '../bmc-failures.ts';
import type { BootDevice, BootDeviceSeen } from '../driver.ts';
import type { HttpResponse } from '../http-request.ts';
import { bootPatches, bootSeen, canBootFrom } from './boot-override.ts';
import { findSystem } from './find-system.ts';
import type { RedfishApi } from './redfish-api.ts';
import { redfishFailure } from './redfish-failure.ts';
import { systemSchema } from './resource-schemas.ts';
import type { RedfishTarget } from './redfish-target.ts';
import type { RedfishSession } from './with-redfish.ts';

const badRequest = 400;
const refusesIfMatch = [412, 428];

/**
 * Where a BMC keeps settings that wait for a reset (@Redfish.Settings), the override goes there and is read back there.
 * An ETag that no longer matches is read again; then it goes without.
 */
export async function setBoot(
  session: RedfishSession,
  target: RedfishTarget,
  wanted: BootDevice,
): Promise<BootDeviceSeen> {
  const { api } = session;
  const found = await findSystem(session, target.systemId);
  if (!canBootFrom(found.system.Boot, wanted.device)) {
    throw bmcError(bmcFailures.unsupported(`to boot from ${wanted.device}`));
  }
  const pending = found.system['@Redfish.Settings']?.SettingsObject?.['@odata.id'] ?? null;
  const path = pending ?? found.path;
  let answer: HttpResponse | null = null;
  for (const patch of bootPatches(found.system.Boot, wanted, found.quirks)) {
    answer = await patchMatching(
      api,
      path,
      { Boot: patch },
      pending === null ? found.etag : null,
      found.quirks.withoutIfMatch,
    );
    if (answer.status !== badRequest) break;
  }
  if (answer === null || answer.status >= 300) {
    throw bmcError(
      answer === null
        ? bmcFailures.unsupported('a boot override')
        : redfishFailure(answer, `PATCH ${path}`, target.now()),
    );
  }
  await api.finish(answer, `PATCH ${path}`);
  return bootSeen((await api.get(path, systemSchema)).resource.Boot);
}

async function patchMatching(
  api: RedfishApi,
  path: string,
  body: unknown,
  known: string | null,
  withoutIfMatch: boolean,
): Promise<HttpResponse> {
  const read = async (): Promise<string | null> => {
    const { resource, etag } = await api.get(path, systemSchema);
    return etag ?? resource['@odata.etag'];
  };
  const patch = (etag: string | null): Promise<HttpResponse> =>
    api.send('PATCH', path, body, etag === null ? {} : { 'if-match': etag });
  if (withoutIfMatch) {
    const answer = await patch(null);
    if (!refusesIfMatch.includes(answer.status)) return answer;
  }
  const first = await patch(known ?? (await read()));
  if (!refusesIfMatch.includes(first.status)) return first;
  const fresh = await read();
  // Some give weak ETags and compare them strongly (RFC 9110 section 13.1.1 forbids the weak ones here).
  const tries = fresh?.startsWith('W/') === true ? [fresh, fresh.slice(2), null] : [fresh, null];
  let answer = first;
  for (const etag of tries) {
    answer = await patch(etag);
    if (!refusesIfMatch.includes(answer.status)) break;
  }
  return answer;
}
