import { findMachine } from '../find-machine.ts';
import { defineKind, type Kind, pick } from './kind.ts';

/** `2 cpus, 16 GiB, 480 GiB disk`. */
function hardwareText(
  hardware: { readonly cpus: number; readonly memoryGib: number; readonly diskGib: number } | null,
): string {
  if (hardware === null) return '-';
  const { cpus, memoryGib, diskGib } = hardware;
  return `${String(cpus)} cpus, ${memoryGib.toFixed(memoryGib < 10 ? 1 : 0)} GiB, disk ${diskGib.toFixed(0)} GiB`;
}

export const machines: Kind = defineKind({
  page: ({ client }, filters, query) =>
    client.call('listMachines', { query: { ...query, ...pick(filters, 'site', 'state') } }),
  one: async (session, machine, filters) => {
    const { client } = session;
    return await client.call('getMachine', { params: await findMachine(session, machine, filters.site) });
  },
  columns: [
    { title: 'NAME', value: (machine) => machine.name },
    { title: 'SITE', value: (machine) => machine.site },
    { title: 'STATE', value: (machine) => machine.state },
    { title: 'POWER', value: (machine) => machine.power },
    { title: 'NODE', value: (machine) => machine.node ?? '-' },
    { title: 'HARDWARE', value: (machine) => hardwareText(machine.hardware) },
    { title: 'REASON', value: (machine) => machine.reason.message },
  ],
  nameOf: (machine) => machine.name,
});
