import type { CallContext, PowerCapability, StepResult } from '../contract.ts';
import type { LocalDeps } from './deps.ts';
import type { LocalDriver } from './drivers/driver.ts';
import { requireNode } from './find-node.ts';
import { tryLock } from './lock.ts';
import { clearMark, readMark, setMark, type LocalNode } from './node-record.ts';
import { lockNames } from './site.ts';
import { startNode } from './start-node.ts';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

/** How long a node may take to shut down before its power is taken. */
const shutdownMs = 15_000;

type Step = <T>(context: CallContext, work: (signal: AbortSignal) => Promise<StepResult<T>>) => Promise<StepResult<T>>;
const done: StepResult<null> = { state: 'done', outputs: null };
const pending = (progress: string): StepResult<null> => ({ state: 'pending', retryAfterMs: 300, progress });

/** `off` shuts down in good order, by force after a while; `cycle` is what pulling the cable would be. */
export function localPower(deps: LocalDeps, step: Step): PowerCapability {
  return {
    set: (reference, state, context) =>
      step(context, async (signal) => {
        const node = await requireNode(deps.site, reference);
        const driver = deps.drivers.of(node.record.driver);
        if (state === 'on') return await switchOn(deps, driver, node, signal);
        const lock = await tryLock(lockNames.node(node.names.providerId));
        if (lock === null) return pending(`${node.record.name} is being worked on`);
        try {
          if (state === 'off') return await switchOff(driver, node, signal);
          await driver.stop(node, 'power', signal);
          await clearMark(node.directory, 'exit');
        } finally {
          await lock.release();
        }
        return await switchOn(deps, driver, node, signal);
      }),
  };
}

async function switchOn(
  deps: LocalDeps,
  driver: LocalDriver,
  node: LocalNode,
  signal: AbortSignal,
): Promise<StepResult<null>> {
  await clearMark(node.directory, 'power');
  if ((await driver.look(node, signal)).state === 'running') return done;
  const started = await startNode(deps, driver, node, signal);
  return started.state === 'done' ? done : started;
}

async function switchOff(driver: LocalDriver, node: LocalNode, signal: AbortSignal): Promise<StepResult<null>> {
  const mark = join(node.directory, 'power');
  const asked = (await readMark(node.directory, 'power')) === 'off';
  if (!asked) await setMark(node.directory, 'power', 'off');
  const { state } = await driver.look(node, signal);
  if (state === 'stopped' || state === 'failed') return done;
  if (!asked) return (await driver.stop(node, 'shutdown', signal)) ? done : pending(`${node.record.name} shuts down`);
  if (Date.now() - (await stat(mark)).mtimeMs < shutdownMs) return pending(`${node.record.name} shuts down`);
  return (await driver.stop(node, 'power', signal)) ? done : pending(`${node.record.name} loses its power`);
}
