import { bmcError, bmcFailures } from '../bmc-failures.ts';
import { redfishQuirks, type RedfishQuirks } from './redfish-quirks.ts';
import { systemSchema, type ComputerSystem } from './resource-schemas.ts';
import type { RedfishSession } from './with-redfish.ts';

export interface FoundSystem {
  readonly path: string;
  readonly system: ComputerSystem;
  /** For If-Match; the header's, or the resource's own. */
  readonly etag: string | null;
  readonly quirks: RedfishQuirks;
}

/** The system by links alone: its path is no two vendors' the same. @throws `invalid` when several could be meant. */
export async function findSystem({ api, root }: RedfishSession, systemId: string | null): Promise<FoundSystem> {
  const paths = await api.members(root.Systems?.['@odata.id'] ?? '/redfish/v1/Systems');
  const wanted = systemId === null ? paths : paths.filter((path) => path.replace(/\/$/, '').endsWith(`/${systemId}`));
  const [path, ...others] = wanted;
  if (path === undefined) {
    throw bmcError(
      bmcFailures.of('not-found', 'no-system', `The BMC has no system${systemId === null ? '' : ` ${systemId}`}.`),
    );
  }
  if (others.length > 0) {
    throw bmcError(
      bmcFailures.invalid('several-systems', `The BMC has ${wanted.length} systems; say which by its Id.`),
    );
  }
  const { resource: system, etag } = await api.get(path, systemSchema);
  return { path, system, etag: etag ?? system['@odata.etag'], quirks: redfishQuirks(root.Vendor, system.Manufacturer) };
}
