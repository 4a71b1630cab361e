import type { OwnedResource, OwnerTags } from '../contract.ts';
import type { Drivers } from './drivers/choice.ts';
import { listRecords } from './node-record.ts';
import type { Site } from './site.ts';

/**
 * Rule 7: the records, and whatever carries the site's names in cgroups, namespaces, mounts and loop devices. Of
 * something whose record is gone the owner is `unknown`; it is listed for the whole site only.
 */
export async function listOwned(
  site: Site,
  drivers: Drivers,
  deploymentId: string | null,
  signal: AbortSignal,
): Promise<readonly OwnedResource[]> {
  const records = await listRecords(site.directories.nodes);
  const tagsOf = new Map<string, OwnerTags>(records.map(({ tag, record }) => [tag, record.tags]));
  const unknown: OwnerTags = { siteId: site.names.siteId, deploymentId: 'unknown', nodeId: 'unknown', incarnation: 0 };
  const nodes = records.map(({ tag, record }) => ({
    kind: 'node',
    id: `${site.names.prefix}${tag}`,
    tags: record.tags,
  }));
  const things: OwnedResource[] = [];
  for (const driver of await drivers.inUse(
    records.map(({ record }) => record.driver),
    signal,
  )) {
    for (const { kind, id, nodeTag } of await driver.owned(signal)) {
      // What the site shares (its bridge) is nobody's in particular while there are nodes.
      if (nodeTag === null && records.length > 0) continue;
      things.push({ kind, id, tags: tagsOf.get(nodeTag ?? '') ?? unknown });
    }
  }
  return [...nodes, ...things].filter(({ tags }) => deploymentId === null || tags.deploymentId === deploymentId);
}
