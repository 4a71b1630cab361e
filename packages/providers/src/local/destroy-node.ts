import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeReference, StepResult } from '../contract.ts';
import type { LocalDeps } from './deps.ts';
import { findNode } from './find-node.ts';
import { tryLock } from './lock.ts';
import { nodeNames } from './names.ts';
import { listRecords, nodeDirectory, setMark } from './node-record.ts';
import { lockNames } from './site.ts';

/**
 * Rule 6. Everything goes by its name, so that what a dead worker left half made goes too; the record goes last, so
 * that a removal that is cut short is still known. Throws `not-owned` for what is somebody else's.
 */
export async function destroyNode(
  deps: LocalDeps,
  reference: NodeReference,
  signal: AbortSignal,
): Promise<StepResult<null>> {
  const { site } = deps;
  const node = await findNode(site, reference);
  const names = nodeNames(site.names, reference.key);
  const directory = nodeDirectory(site.directories.nodes, names);
  const driver = deps.drivers.of(node?.record.driver ?? (await deps.drivers.name(signal)));
  if (node !== null) await setMark(directory, 'removing');
  const lock = await tryLock(lockNames.node(names.providerId));
  if (lock === null) return { state: 'pending', retryAfterMs: 200, progress: `${reference.name} is being worked on` };
  try {
    await driver.remove(names, directory, signal);
    await removeDirectory(directory, signal);
    await driver.removeShared(signal);
    if ((await listRecords(site.directories.nodes)).length === 0) await deps.packages.close();
  } finally {
    await lock.release();
  }
  return { state: 'done', outputs: null };
}

async function removeDirectory(directory: string, signal: AbortSignal): Promise<void> {
  const kept = ['record.json', 'removing'];
  const entries = await readdir(directory).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
  if (entries === null) return;
  for (const entry of entries.filter((name) => !kept.includes(name))) {
    signal.throwIfAborted();
    await rm(join(directory, entry), { recursive: true, force: true });
  }
  for (const entry of kept) await rm(join(directory, entry), { force: true });
  await rmdir(directory);
}
