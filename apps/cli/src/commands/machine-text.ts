import type { MachineResponse } from '@formwork/api';

/** A machine for people: what it is, where it stands and why. */
export function machineText(machine: MachineResponse): string {
  const { identity, hardware, bmc, reason } = machine;
  const lines: readonly (readonly [string, string | null])[] = [
    ['name', machine.name],
    ['site', machine.site],
    ['state', `${machine.state} since ${machine.since}: ${reason.message} (${reason.code})`],
    ['deadline', machine.deadline],
    ['approved', machine.approved ? `yes, by ${machine.trust}` : `no: formwork machine approve ${machine.name}`],
    ['power', machine.power],
    ['node', machine.node === null ? null : `${machine.node} of ${machine.deployment ?? '-'}`],
    ['image', machine.image],
    ['to be wiped', machine.dirty ? 'yes' : null],
    ['bmc', bmc === null ? 'none' : `${bmc.driver} ${bmc.address}${bmc.port === null ? '' : `:${String(bmc.port)}`}`],
    ['product', hardware?.product ?? null],
    [
      'hardware',
      hardware === null
        ? 'not inspected yet'
        : `${String(hardware.cpus)} cpus, ${hardware.memoryGib.toFixed(1)} GiB, largest disk ${hardware.diskGib.toFixed(0)} GiB, ${String(hardware.gpus)} gpus, ${hardware.arch ?? '-'}`,
    ],
    ['uuid', identity.uuid],
    ['serial', identity.serial],
    ['macs', identity.macs.join(', ')],
    ['subnet', machine.subnet],
    [
      'labels',
      Object.entries(machine.labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(', '),
    ],
  ];
  return lines
    .flatMap(([title, value]) => (value === null || value === '' ? [] : [`${title.padEnd(12)}${value}\n`]))
    .join('');
}
