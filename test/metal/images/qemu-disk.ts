import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ovmf = { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' };

export interface DiskMachine {
  readonly firmware: 'bios' | 'uefi';
  /** Where its console and its variables are kept. */
  readonly directory: string;
  readonly disk: string;
  /** Of the network that leads to this host, and of two ports that lead to one another. */
  readonly macs: readonly [string, string, string];
  /** Port of the loopback that leads to port 22 of `address`. */
  readonly sshPort: number;
  readonly address: string;
}

export interface RunningMachine {
  /** What its serial console said. */
  console(): string;
  stop(): Promise<void>;
}

/** A QEMU machine that has its disk to boot from and nothing else; this host is 10.0.2.2 to it. */
export function startFromDisk(machine: DiskMachine): RunningMachine {
  const { firmware, directory, disk, macs, sshPort, address } = machine;
  const log = path.join(directory, 'console');
  const variables = path.join(directory, 'variables');
  if (firmware === 'uefi') copyFileSync(ovmf.variables, variables);
  const flash = (unit: number, file: string, more: string) =>
    ['-drive', `if=pflash,format=raw,unit=${unit},file=${file}${more}`] as const;
  const child = spawn(
    'qemu-system-x86_64',
    [
      ...['-machine', 'q35,graphics=off', '-accel', 'tcg', '-cpu', 'max', '-smp', '1', '-m', '512'],
      ...['-display', 'none', '-vga', 'none', '-nodefaults', '-serial', `file:${log}`],
      ...['-netdev', `user,id=net0,hostfwd=tcp:127.0.0.1:${sshPort}-${address}:22`],
      ...[1, 2].flatMap((port) => ['-netdev', `hubport,id=net${port},hubid=1`]),
      ...macs.flatMap((mac, port) => ['-device', `virtio-net-pci,netdev=net${port},romfile=,mac=${mac}`]),
      ...['-drive', `if=none,id=disk0,file=${disk},format=raw,cache=unsafe`],
      ...['-device', 'virtio-blk-pci,drive=disk0,bootindex=1', '-device', 'virtio-rng-pci'],
      ...(firmware === 'uefi' ? [...flash(0, ovmf.code, ',readonly=on'), ...flash(1, variables, '')] : []),
    ],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'exit');
  const killed = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', killed);
  void ended.then(() => process.off('exit', killed));
  return {
    console: () => {
      try {
        return readFileSync(log, 'latin1');
      } catch {
        return '';
      }
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}
