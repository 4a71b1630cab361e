import { addedMachine, FormworkError } from '@formwork/core';
import type { MetalSite } from './metal-site.ts';

/** Machines of the configuration that the inventory does not have yet. */
export async function addConfiguredMachines(site: MetalSite): Promise<void> {
  const { machines } = site.configuration;
  if (machines.length === 0) return;
  const known = new Set((await site.store.list({ siteId: site.siteId })).map(({ name }) => name));
  for (const { name, macs, labels, bmc } of machines) {
    if (known.has(name)) continue;
    const wanted = addedMachine({ siteId: site.siteId, name, macs, labels, bmc });
    await site.store.create(wanted, site.actor).catch((error: unknown) => {
      // Another worker was first.
      if (!(error instanceof FormworkError) || error.code !== 'already-exists') throw error;
    });
  }
}
