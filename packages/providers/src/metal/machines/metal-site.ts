import type { Machine, MachineChanged, MachineDeadlines, MachineEvent, MachineStore } from '@formwork/core';
import { applyMachineEvent } from '@formwork/core';
import type { Bmcs } from '../client.ts';
import type { MetalConfiguration } from '../configuration.ts';

/** What everything that moves a site's machines needs. */
export interface MetalSite {
  readonly siteId: string;
  readonly configuration: MetalConfiguration;
  readonly store: MachineStore;
  readonly bmcs: Bmcs;
  readonly actor: string;
  readonly keyed: (text: string) => Promise<string>;
  readonly log: (message: string, fields: Readonly<Record<string, string>>) => void;
}

export const deadlinesOf = ({ configuration }: MetalSite): MachineDeadlines => configuration.deadlineMinutes;

/**
 * Applies the event if the machine is still in the state that it was seen in; else somebody else has moved it on, and it is
 * answered as it is. A refused event leaves it as it is too.
 */
export async function moveOn(site: MetalSite, seen: Machine, event: MachineEvent): Promise<Machine> {
  return await change(site, seen, (machine, nowMs) => {
    const changed = applyMachineEvent(machine, event, nowMs, deadlinesOf(site));
    return changed.ok ? changed : null;
  });
}

/** The same for any change. */
export async function change(
  site: MetalSite,
  seen: Machine,
  to: (machine: Machine, nowMs: number) => Machine | MachineChanged | null,
): Promise<Machine> {
  return await site.store.update(
    seen.id,
    (machine, nowMs) => (machine.state === seen.state && machine.sinceMs === seen.sinceMs ? to(machine, nowMs) : null),
    { actor: site.actor },
  );
}
