import type { Machine } from '@formwork/core';
import type { CallContext, NodeReference, StepResult } from '../../contract.ts';
import { metalFailures } from '../errors.ts';
import { sameTags, tagsOf } from '../map.ts';
import type { PowerAction } from '../bmc/driver.ts';
import { notePower } from './bring-up.ts';
import type { MetalSite } from './metal-site.ts';
import { findMachine } from './observe.ts';

const done: StepResult<null> = { state: 'done', outputs: null };

export async function switchMachine(
  site: MetalSite,
  machineId: string,
  action: PowerAction,
  context: CallContext,
): Promise<StepResult<null>> {
  const machine = await site.store.get(machineId);
  if (machine?.siteId !== site.siteId) return { state: 'failed', failure: metalFailures.absent(machineId) };
  return await switchOne(site, machine, action, context);
}

export async function switchNode(
  site: MetalSite,
  node: NodeReference,
  action: 'on' | 'off' | 'cycle',
  context: CallContext,
): Promise<StepResult<null>> {
  const machine = await findMachine(site, node);
  if (machine === null) return { state: 'failed', failure: metalFailures.absent(node.name) };
  if (!sameTags(tagsOf(machine), node.tags)) return { state: 'failed', failure: metalFailures.notOwned(machine.name) };
  return await switchOne(site, machine, action, context);
}

async function switchOne(
  site: MetalSite,
  machine: Machine,
  action: PowerAction,
  context: CallContext,
): Promise<StepResult<null>> {
  const bmc = site.bmcs.of(machine);
  if (bmc === null) return { state: 'failed', failure: metalFailures.noBmc(machine.name) };
  await bmc.setPower(action, context);
  await notePower(site, machine, action === 'off' || action === 'soft' ? 'off' : 'on');
  return done;
}
