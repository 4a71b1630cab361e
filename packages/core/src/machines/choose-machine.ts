/** Which ready machine a node gets: the smallest that fits, so that large ones stay free for who needs them. */
import type { SizeRequest } from '../machine.ts';
import type { Machine } from './machine.ts';

export interface MachineWish {
  /** Quantities at least, or null for any machine. */
  readonly size: SizeRequest | null;
  /** Labels that the machine must have, with these values. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Hardware as the pool counts it; GiB are 2^30 bytes. */
export interface MachineSize {
  readonly cpus: number;
  readonly memoryGib: number;
  readonly diskGib: number;
  readonly gpus: number;
  /** As sizes ask for it: `amd64`, `arm64`. */
  readonly arch: string | null;
}

const architectures: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };
const gib = 1024 ** 3;

/** Null where it has not reported yet. The disk is its largest. */
export function machineSize({ facts }: Machine): MachineSize | null {
  if (facts === null) return null;
  const architecture = facts.cpu.architecture;
  return {
    cpus: facts.cpu.threads ?? facts.cpu.cores ?? 0,
    memoryGib: (facts.memoryMiB ?? 0) / 1024,
    diskGib: Math.max(0, ...facts.disks.map(({ sizeBytes }) => sizeBytes ?? 0)) / gib,
    gpus: facts.gpus.length,
    arch: architecture === null ? null : (architectures[architecture] ?? architecture),
  };
}

/**
 * Memory that firmware and kernel keep for themselves: a machine sold with 64 GiB reports a little less, and fits all the
 * same.
 */
const memoryTolerance = 0.94;

export function fitsWish(machine: Machine, wish: MachineWish): boolean {
  if (Object.entries(wish.labels).some(([name, value]) => machine.labels[name] !== value)) return false;
  if (wish.size === null) return true;
  const size = machineSize(machine);
  if (size === null) return false;
  const { cpus = 0, memoryGib = 0, diskGib = 0, gpus = 0, arch } = wish.size;
  return (
    size.cpus >= cpus &&
    size.memoryGib >= memoryGib * memoryTolerance &&
    size.diskGib >= diskGib &&
    size.gpus >= gpus &&
    (arch === undefined || arch === size.arch)
  );
}

/** Null when none fits. The same of the same list, whatever its order. */
export function chooseMachine(ready: readonly Machine[], wish: MachineWish): Machine | null {
  const fitting = ready.filter((machine) => fitsWish(machine, wish));
  return fitting.sort((a, b) => compareSize(a, b) || (a.name < b.name ? -1 : 1))[0] ?? null;
}

function compareSize(a: Machine, b: Machine): number {
  const [left, right] = [machineSize(a), machineSize(b)];
  if (left === null || right === null) return (left === null ? 1 : 0) - (right === null ? 1 : 0);
  return (
    left.gpus - right.gpus || left.cpus - right.cpus || left.memoryGib - right.memoryGib || left.diskGib - right.diskGib
  );
}
