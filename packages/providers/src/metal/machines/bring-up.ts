/**
 * Sees to it that a machine runs what the server wants it to boot: through a network boot where it does not already run its
 * agent. One worker at a time, and not again before the machine had its time.
 */
import type { Machine } from '@formwork/core';
import type { CallContext } from '../../contract.ts';
import { firmwareOf } from '../client.ts';
import { change, type MetalSite } from './metal-site.ts';

/** An agent asks for work every few seconds; one that was not heard for so long is gone. */
const agentSilenceMs = 45_000;

const agentIsThere = ({ power }: Machine, nowMs: number): boolean =>
  power.agentAtMs !== null && nowMs - power.agentAtMs < agentSilenceMs;

export interface BroughtUp {
  readonly there: boolean;
  /** The machine was sent through a boot in this state, by us now or before. */
  readonly started: boolean;
  /** What it waits for, in one sentence. */
  readonly progress: string;
}

/**
 * @param through `network`: by PXE or UEFI HTTP, for the next boot alone. `disk`: the power alone, the server says the rest.
 * @throws what the BMC fails with.
 */
export async function bringUp(
  site: MetalSite,
  machine: Machine,
  through: 'network' | 'disk',
  context: CallContext,
): Promise<BroughtUp> {
  const nowMs = await site.store.now();
  if (agentIsThere(machine, nowMs)) return { there: true, started: true, progress: `${machine.name} is up` };
  const againMs = site.configuration.bootAgainMinutes * 60_000;
  const { kickedAtMs } = machine.power;
  if (kickedAtMs !== null && nowMs - kickedAtMs < againMs) {
    return { there: false, started: true, progress: `${machine.name} boots from the ${through}` };
  }
  const bmc = site.bmcs.of(machine);
  if (bmc === null) {
    return { there: false, started: false, progress: `${machine.name} has no BMC: switch it on by hand` };
  }
  // Whoever writes first does it; the others see that it was done.
  const first: boolean[] = [];
  await change(site, machine, (now) => {
    const mine = now.power.kickedAtMs === kickedAtMs;
    first.splice(0, 1, mine);
    return mine ? { ...now, power: { ...now.power, kickedAtMs: nowMs, agentAtMs: null } } : null;
  });
  if (first[0] !== true) return { there: false, started: true, progress: `${machine.name} is being switched on` };
  try {
    if (through === 'network' && bmc.bootDevice !== undefined) {
      const efi = firmwareOf(machine) === 'uefi';
      await bmc.bootDevice.set({ device: 'pxe', persistent: false, efi }, context);
    }
    await bmc.setPower('cycle', context);
  } catch (error) {
    await change(site, machine, (now) => ({ ...now, power: { ...now.power, kickedAtMs } }));
    throw error;
  }
  await notePower(site, machine, 'on');
  return { there: false, started: true, progress: `${machine.name} boots from the ${through}` };
}

/** What a BMC said of the power, kept for people to see. */
export async function notePower(site: MetalSite, machine: Machine, observed: 'on' | 'off' | 'unknown'): Promise<void> {
  await change(site, machine, (now, nowMs) => ({
    ...now,
    power: { ...now.power, observed, observedAtMs: nowMs, ...(observed === 'off' ? { agentAtMs: null } : {}) },
  }));
}
