import type { StepResult } from '../contract.ts';
import type { LocalDeps } from './deps.ts';
import type { LocalDriver } from './drivers/driver.ts';
import { localFailures } from './errors.ts';
import { tryLock } from './lock.ts';
import { readMark, type LocalNode } from './node-record.ts';
import { lockNames } from './site.ts';

type Started = StepResult<{ readonly providerId: string }>;

const pending = (retryAfterMs: number, progress: string): Started => ({ state: 'pending', retryAfterMs, progress });

/**
 * Takes a node one step nearer to running: packages of the host, the image, the machine. What takes long goes on in the
 * background and is `pending` here. The node's lock keeps two workers from starting one disk twice.
 */
export async function startNode(
  deps: LocalDeps,
  driver: LocalDriver,
  node: LocalNode,
  signal: AbortSignal,
): Promise<Started> {
  const { record, names } = node;
  const ready = await deps.prerequisites.look(driver.name, signal);
  if (ready.state === 'failed') return ready;
  if (ready.state === 'installing') return pending(1000, ready.progress);
  const image = deps.site.configuration.images[record.image];
  if (image === undefined) {
    const valid = Object.keys(deps.site.configuration.images);
    return { state: 'failed', failure: localFailures.unknownName('image', record.image, valid) };
  }
  const built = await driver.image(record.image, image, signal);
  if (built.state === 'failed') return built;
  if (built.state === 'building') return pending(1000, built.progress);
  const lock = await tryLock(lockNames.node(names.providerId));
  if (lock === null) return pending(200, `${record.name} is being worked on`);
  try {
    if ((await readMark(node.directory, 'removing')) !== null) {
      return { state: 'failed', failure: localFailures.beingDestroyed(names.providerId) };
    }
    await deps.starts.run(() => driver.start(node, built.rootfs, signal), signal);
  } finally {
    await lock.release();
  }
  await deps.packages.open();
  return { state: 'done', outputs: { providerId: names.providerId } };
}
