import type { BootTarget, ChassisIdentity } from './chassis.ts';

export interface QemuMachine {
  readonly identity: ChassisIdentity;
  /** Files of this machine: disk, variables of the firmware, console, sockets. */
  readonly directory: string;
  readonly firmware: 'bios' | 'uefi';
  readonly memoryMib: number;
  /** A tap device, or null for QEMU's own network behind this host's. */
  readonly tap: string | null;
  /** Raw image in `directory`; null for a machine without a disk. */
  readonly disk: string | null;
}

export const firmwareCode = '/usr/share/OVMF/OVMF_CODE_4M.fd';
export const firmwareVariables = '/usr/share/OVMF/OVMF_VARS_4M.fd';

const orders: Readonly<Record<BootTarget, readonly string[]>> = {
  default: ['disk', 'nic', 'cd'],
  disk: ['disk', 'nic', 'cd'],
  bios: ['disk', 'nic', 'cd'],
  pxe: ['nic', 'disk', 'cd'],
  'uefi-http': ['nic', 'disk', 'cd'],
  cdrom: ['cd', 'disk', 'nic'],
};

/**
 * The command line of a machine that boots from `target` first. The order holds for this process: QEMU reads it once,
 * and a guest that restarts ends it (-no-reboot), so that the next start may have another.
 */
export function qemuArguments(machine: QemuMachine, target: BootTarget, cdImage: string | null): readonly string[] {
  const { identity, directory, firmware, memoryMib, tap, disk } = machine;
  const index = (device: string): string => `bootindex=${orders[target].indexOf(device) + 1}`;
  const byHttp = target === 'uefi-http' && firmware === 'uefi';
  return [
    ...['-name', identity.serial, '-machine', 'q35,graphics=off', '-accel', 'tcg', '-cpu', 'max', '-smp', '1'],
    ...['-m', String(memoryMib), '-display', 'none', '-vga', 'none', '-nodefaults', '-no-reboot', '-no-user-config'],
    ...['-pidfile', `${directory}/pid`, '-qmp', `unix:${directory}/qmp,server=on,wait=off`],
    ...['-serial', `file:${directory}/console`],
    ...['-smbios', `type=1,manufacturer=${identity.manufacturer},serial=${identity.serial},uuid=${identity.uuid}`],
    ...(firmware === 'uefi' ? flash(directory) : []),
    ...['-netdev', tap === null ? 'user,id=n0' : `tap,id=n0,ifname=${tap},script=no,downscript=no`],
    ...[
      '-device',
      `virtio-net-pci,netdev=n0,mac=${identity.macs[0] ?? ''},${index('nic')}${byHttp ? ',romfile=' : ''}`,
    ],
    ...(byHttp
      ? ['IPv4', 'IPv6'].flatMap((family) => ['-fw_cfg', `name=opt/org.tianocore/${family}PXESupport,string=n`])
      : []),
    ...(disk === null
      ? []
      : [
          ...['-drive', `if=none,id=d0,file=${directory}/${disk},format=raw,cache=unsafe,discard=unmap`],
          ...['-device', `virtio-blk-pci,drive=d0,serial=DISK1,${index('disk')}`],
        ]),
    ...(cdImage === null
      ? []
      : [
          '-drive',
          `if=none,id=cd0,media=cdrom,readonly=on,file=${cdImage.replaceAll(',', ',,')}`,
          '-device',
          `ide-cd,drive=cd0,${index('cd')}`,
        ]),
  ];
}

const flash = (directory: string): readonly string[] => [
  ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${firmwareCode}`],
  ...['-drive', `if=pflash,format=raw,unit=1,file=${directory}/variables`],
];
