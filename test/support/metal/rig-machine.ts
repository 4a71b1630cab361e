// A machine behind an emulated BMC: its firmware asks the server at every boot, its agent does the server's tasks, its disk
// holds a real system. It knows the server by the store alone: the decisions are those of the server, the wire is left out.
import { createHash, randomUUID } from 'node:crypto';
import {
  agentHeard,
  bootCounted,
  cleanIdentity,
  decideBoot,
  defaultSightingLimits,
  type JsonObject,
  type Machine,
  type MachineFacts,
  type MachineStore,
  type MachineTask,
  reportInstalled,
  takeFacts,
} from '@formwork/core';
import { revealTaskBody } from '@formwork/providers';
import { arch } from 'node:os';
import { z } from 'zod';
import type { Chassis, ChassisIdentity } from '../../lab/bmc-emulator/chassis/chassis.ts';
import type { InstalledSystems } from './installed-systems.ts';

export interface RigDeps {
  readonly siteId: string;
  readonly store: MachineStore;
  readonly keyed: (text: string) => Promise<string>;
  readonly systems: InstalledSystems;
  readonly failed: (error: unknown) => void;
  /** Kinds of tasks that the agent of a machine (by serial) fails at. May be changed at any time. */
  readonly failing?: ReadonlyMap<string, string>;
}

const firstBootSchema = z.object({
  hostname: z.string(),
  sshKeys: z.array(z.string()).min(1),
  token: z.string().min(16),
});
const by = { actor: 'rig' } as const;
const ok = (message: string) => ({ ok: true, code: 'done', message, outputs: {} });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A machine of one processor, 1 GiB and one disk. */
export function rigMachine(deps: RigDeps, identity: ChassisIdentity): Chassis {
  let running: { readonly stop: AbortController; readonly ended: Promise<void> } | null = null;
  let firstBoot: z.infer<typeof firstBootSchema> | null = null;
  const disk = identity.serial;
  const { store, siteId } = deps;

  const firmware = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const seen = cleanIdentity({ uuid: identity.uuid, serial: identity.serial, macs: identity.macs });
      const mac = identity.macs[0] ?? '';
      const sighted = await store.sight({ siteId, subnet: 'rig', mac, identity: seen }, defaultSightingLimits, 'rig');
      if (sighted.kind === 'ambiguous' || sighted.kind === 'refused') throw new Error(JSON.stringify(sighted));
      const boot = decideBoot(sighted.machine);
      if (boot.kind === 'local') {
        await system(sighted.machine, signal);
        return;
      }
      if (boot.kind === 'discover' || boot.kind === 'install') {
        await store.update(sighted.machine.id, bootCounted, by);
        if ((await agent(sighted.machine, signal)) === 'off') return;
      } else await pause(100);
    }
  };

  const agent = async (machine: Machine, signal: AbortSignal): Promise<'off' | 'again'> => {
    const session = randomUUID();
    while (!signal.aborted) {
      await store.update(machine.id, agentHeard, by);
      const task = await store.nextTask(machine.id, session);
      if (task === null) await pause(50);
      else {
        await store.finishTask(machine.id, task.id, await perform(machine, task));
        if (task.kind === 'reboot') return 'again';
        if (task.kind === 'power-off') return 'off';
      }
    }
    return 'off';
  };

  const perform = async (machine: Machine, task: MachineTask) => {
    if (deps.failing?.get(disk) === task.kind) {
      return { ok: false, code: 'io-error', message: `${task.kind}: the disk does not answer`, outputs: {} };
    }
    const body = await revealTaskBody(task.body, deps.keyed);
    switch (task.kind) {
      case 'inspect':
        await store.update(machine.id, (now, nowMs) => takeFacts(now, factsOf(identity), [], nowMs), by);
        return ok('reported');
      case 'wipe':
        await deps.systems.wipe(disk);
        firstBoot = null;
        return ok('wiped');
      case 'write-image':
        return write(machine, task, body);
      case 'reboot':
      case 'power-off':
        return ok(task.kind);
      default:
        return { ...ok(''), ok: false, code: 'unknown-task', message: `this agent cannot ${task.kind}` };
    }
  };

  const write = async (machine: Machine, task: MachineTask, body: JsonObject) => {
    firstBoot = firstBootSchema.parse(body['firstBoot']);
    await deps.systems.wipe(disk);
    deps.systems.write(disk, firstBoot.hostname, firstBoot.sshKeys[0] ?? '');
    await store.taskProgress(machine.id, task.id, { percent: 100, message: 'written' });
    return ok('written');
  };

  /** The disk: at its first boot it reports its host keys with the token that was written with it. */
  const system = async (machine: Machine, signal: AbortSignal): Promise<void> => {
    const { hostKey, address, kernel } = await deps.systems.boot(disk, signal);
    const token = firstBoot?.token;
    if (machine.install?.phase === 'installed' || token === undefined) return;
    const tokenHash = createHash('sha256').update(token).digest('hex');
    const report = { tokenHash, hostKeys: [hostKey], address, kernel };
    await store.update(machine.id, (now, nowMs) => reportInstalled(now, report, nowMs), by);
  };

  /** The power is off when everything is: a machine that still shuts down is not. */
  const stop = async (): Promise<void> => {
    const was = running;
    if (was === null) return;
    was.stop.abort();
    await was.ended;
    await deps.systems.powerOff(disk);
    if (running === was) running = null;
  };
  return {
    identity,
    isOn: () => running !== null,
    start: () => {
      if (running !== null) return Promise.resolve();
      const abort = new AbortController();
      const ended = firmware(abort.signal).catch((error: unknown) => {
        if (!abort.signal.aborted) deps.failed(error);
      });
      running = { stop: abort, ended };
      return Promise.resolve();
    },
    stop,
    shutDown: stop,
    insert: () => undefined,
    close: stop,
  };
}

function factsOf({ uuid, serial, macs, manufacturer, model }: ChassisIdentity): MachineFacts {
  const gib = 1024 ** 3;
  const none = { serial: null, wwn: null, byPath: null, model: null, rotational: false, transport: 'virtio' };
  return {
    boot: { firmware: 'bios', mac: macs[0] ?? null, address: null },
    dmi: {
      uuid,
      serial,
      manufacturer,
      product: model,
      assetTag: null,
      boardSerial: null,
      chassisSerial: null,
      biosVersion: null,
    },
    cpu: {
      model: null,
      architecture: arch() === 'arm64' ? 'aarch64' : 'x86_64',
      sockets: 1,
      cores: 1,
      threads: 1,
      flags: [],
    },
    numa: [],
    memoryMiB: 1024,
    disks: [{ ...none, name: 'vda', sizeBytes: 20 * gib }],
    nics: macs.map((mac, index) => ({
      name: `eth${String(index)}`,
      mac,
      driver: null,
      pci: null,
      link: true,
      speedMbps: 1000,
      lldp: null,
    })),
    pci: [],
    gpus: [],
    bmc: null,
  };
}
