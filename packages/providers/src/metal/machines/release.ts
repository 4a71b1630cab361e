import type { Machine } from '@formwork/core';
import type { NodeReference, StepResult } from '../../contract.ts';
import { metalFailures } from '../errors.ts';
import { sameTags, tagsOf } from '../map.ts';
import { change, type MetalSite, moveOn } from './metal-site.ts';
import { findMachine } from './observe.ts';

/**
 * Takes a node's machines from it. The keeper switches them off and verifies that, then they are nobody's; their wipe goes on
 * by itself, and until it is done they are not ready. A node may have a second machine: one that broke on the way.
 */
export async function release(site: MetalSite, node: NodeReference): Promise<StepResult<null>> {
  const machine = await findMachine(site, node);
  if (machine !== null && !sameTags(tagsOf(machine), node.tags)) {
    return { state: 'failed', failure: metalFailures.notOwned(machine.name) };
  }
  const { siteId, deploymentId, nodeId } = node.tags;
  if (siteId !== site.siteId) return { state: 'done', outputs: null };
  const owned = (await site.store.list({ siteId, deploymentId, nodeId })).filter((one) =>
    sameTags(tagsOf(one), node.tags),
  );
  const left: Machine[] = [];
  for (const one of owned) {
    const now = await releaseOne(site, one);
    if (now.allocation !== null) left.push(now);
  }
  const [first] = left;
  if (first === undefined) return { state: 'done', outputs: null };
  const progress = `machine ${first.name}: ${first.reason.message}`;
  return { state: 'pending', retryAfterMs: 1_000, progress };
}

async function releaseOne(site: MetalSite, machine: Machine): Promise<Machine> {
  if (machine.state === 'releasing') return machine;
  if (machine.state === 'broken' && machine.reason.code === 'releasing-timeout') {
    // Its BMC is gone: it cannot be switched off, but nobody's destroy hangs on it. It stays broken until somebody wipes it.
    return await change(site, machine, (now) => ({ ...now, allocation: null, install: null }));
  }
  return await moveOn(site, machine, { kind: 'release' });
}
