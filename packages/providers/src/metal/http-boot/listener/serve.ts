import { openFileTree } from '../../tftp/file-tree.ts';
import { dropPrivileges } from '../../tftp/privileges.ts';
import { createFileDigests } from '../file-digests.ts';
import { createFileResponder, type FileResponder } from '../file-responder.ts';
import { type BootListener, openBootListener } from './boot-listener.ts';
import type { BootListenerConfiguration } from './configuration.ts';
import type { Parent } from './parent.ts';

/** A kernel and an initrd have a digest at once; an image's stands in the task that names it. */
const largestDigestBytes = 256 * 2 ** 20;

/** Sockets first, then who we are: files are read by whom we became. */
export async function serveBoot(
  configuration: BootListenerConfiguration,
  parent: Pick<Parent, 'decide'>,
): Promise<BootListener> {
  const { root, images, limits, becomes } = configuration;
  const responder = async (directory: string): Promise<FileResponder> =>
    createFileResponder({
      source: await openFileTree(directory),
      digestOf: createFileDigests(largestDigestBytes),
      stalledAfterMs: limits.stalledMs,
    });
  const [files, ofTasks] = [await responder(root), images === null ? null : await responder(images)];
  const listener = await openBootListener({
    configuration,
    files,
    images: ofTasks,
    parent,
    nowMs: () => performance.now(),
  });
  if (becomes !== null) dropPrivileges(becomes);
  return listener;
}
