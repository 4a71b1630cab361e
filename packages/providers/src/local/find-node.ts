import type { NodeReference } from '../contract.ts';
import { localError, localFailures } from './errors.ts';
import { nodeNames } from './names.ts';
import { nodeDirectory, readRecord, sameTags, type LocalNode } from './node-record.ts';
import type { Site } from './site.ts';

/** The node by its key; null when there is none. Throws `not-owned` when what is there belongs to somebody else. */
export async function findNode(site: Site, reference: NodeReference): Promise<LocalNode | null> {
  const names = nodeNames(site.names, reference.key);
  const foreign = reference.providerId !== null && reference.providerId !== names.providerId;
  if (foreign || reference.tags.siteId !== site.names.siteId) {
    throw localError(localFailures.notOwned(reference.providerId ?? names.providerId));
  }
  const directory = nodeDirectory(site.directories.nodes, names);
  const record = await readRecord(directory);
  if (record === null) return null;
  if (!sameTags(record.tags, reference.tags)) throw localError(localFailures.notOwned(names.providerId));
  return { names, directory, record };
}

/** As `findNode`; throws `no-such-node` when there is none. */
export async function requireNode(site: Site, reference: NodeReference): Promise<LocalNode> {
  const node = await findNode(site, reference);
  if (node === null) throw localError(localFailures.absent(reference.name));
  return node;
}
