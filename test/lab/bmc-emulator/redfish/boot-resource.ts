/** The Boot object of a system as the emulated BMC keeps it, over the machine's one boot override. */
import { z } from 'zod';
import type { BootTarget } from '../chassis/chassis.ts';
import { noOverride, type Machine } from '../machine.ts';
import { refuse, type Answer } from './redfish-answer.ts';
import type { RedfishShape } from './redfish-options.ts';

const names: Readonly<Record<BootTarget, string>> = {
  default: 'None',
  pxe: 'Pxe',
  disk: 'Hdd',
  cdrom: 'Cd',
  bios: 'BiosSetup',
  'uefi-http': 'UefiHttp',
};
const targets = new Map<string, BootTarget>([
  ['None', 'default'],
  ['Pxe', 'pxe'],
  ['Hdd', 'disk'],
  ['Cd', 'cdrom'],
  ['BiosSetup', 'bios'],
  ['UefiHttp', 'uefi-http'],
]);

const patchSchema = z.object({
  Boot: z.strictObject({
    BootSourceOverrideTarget: z.string().optional(),
    BootSourceOverrideEnabled: z.enum(['Disabled', 'Once', 'Continuous']).optional(),
    BootSourceOverrideMode: z.enum(['UEFI', 'Legacy']).optional(),
    HttpBootUri: z.string().optional(),
  }),
});

export function bootResource(machine: Machine, { bootTargets }: RedfishShape): Record<string, unknown> {
  const { target, persistent, efi, httpBootUri } = machine.override();
  return {
    BootSourceOverrideTarget: names[target],
    BootSourceOverrideEnabled: target === 'default' ? 'Disabled' : persistent ? 'Continuous' : 'Once',
    BootSourceOverrideMode: efi ? 'UEFI' : 'Legacy',
    HttpBootUri: httpBootUri,
    'BootSourceOverrideTarget@Redfish.AllowableValues': bootTargets,
  };
}

/** Null when it was taken. */
export function patchBoot(machine: Machine, shape: RedfishShape, body: unknown): Answer | null {
  const patch = patchSchema.safeParse(body);
  if (!patch.success) return refuse(400, 'PropertyUnknown');
  const now = bootResource(machine, shape);
  const { Boot } = patch.data;
  const given = Object.entries(Boot);
  const { BootSourceOverrideTarget: wanted, BootSourceOverrideEnabled: enabled, BootSourceOverrideMode: mode } = Boot;
  if (
    shape.bootPatch === 'whole' &&
    enabled !== 'Disabled' &&
    (wanted === undefined || enabled === undefined || mode === undefined)
  ) {
    return refuse(400, 'PropertyMissing');
  }
  const unchanged = ([name, value]: [string, unknown]): boolean =>
    name !== 'BootSourceOverrideEnabled' && now[name] === value;
  if (shape.bootPatch === 'changed' && given.some(unchanged)) return refuse(400, 'PropertyNotWritable');
  const old = machine.override();
  const target = wanted === undefined ? old.target : targets.get(wanted);
  if (target === undefined || (wanted !== undefined && !shape.bootTargets.includes(wanted))) {
    return refuse(400, 'PropertyValueNotInList');
  }
  machine.setOverride(
    enabled === 'Disabled' || target === 'default'
      ? noOverride
      : {
          target,
          persistent: enabled === undefined ? old.persistent : enabled === 'Continuous',
          efi: mode === undefined ? old.efi : mode === 'UEFI',
          httpBootUri: Boot.HttpBootUri ?? old.httpBootUri,
          expiresAtMs: null,
        },
  );
  return null;
}
