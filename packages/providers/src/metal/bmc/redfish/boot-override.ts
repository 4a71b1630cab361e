/** The boot override of a ComputerSystem, in Redfish's words and in ours. Pure. */
import type { BootDevice, BootDeviceName, BootDeviceSeen } from '../driver.ts';
import type { RedfishQuirks } from './redfish-quirks.ts';
import type { ComputerSystem } from './resource-schemas.ts';

type Boot = ComputerSystem['Boot'];
export type BootPatch = Readonly<Record<string, string>>;

const targets: Readonly<Record<BootDeviceName, string>> = {
  none: 'None',
  pxe: 'Pxe',
  disk: 'Hdd',
  cdrom: 'Cd',
  bios: 'BiosSetup',
  'uefi-http': 'UefiHttp',
};

/** Whether the BMC names this device among those it can boot from; one that names none is believed to do. */
export function canBootFrom(boot: Boot, device: BootDeviceName): boolean {
  const allowed = boot['BootSourceOverrideTarget@Redfish.AllowableValues'];
  return allowed === null || device === 'none' || allowed.includes(targets[device]);
}

/** What to send, the likeliest first: BMCs differ in how much of Boot they take at once. */
export function bootPatches(boot: Boot, wanted: BootDevice, quirks: RedfishQuirks): readonly BootPatch[] {
  const whole: BootPatch =
    wanted.device === 'none'
      ? { BootSourceOverrideEnabled: 'Disabled', BootSourceOverrideTarget: 'None' }
      : {
          BootSourceOverrideTarget: targets[wanted.device],
          BootSourceOverrideEnabled: wanted.persistent ? 'Continuous' : 'Once',
          BootSourceOverrideMode: wanted.efi ? 'UEFI' : 'Legacy',
          ...(wanted.httpBootUri === undefined ? {} : { HttpBootUri: wanted.httpBootUri }),
        };
  const now = new Map<string, unknown>(Object.entries(boot));
  // Enabled falls back to Disabled after each boot: it is always sent.
  const isNews = ([name, value]: readonly [string, string]): boolean =>
    name === 'BootSourceOverrideEnabled' || now.get(name) !== value;
  const changed = Object.fromEntries(Object.entries(whole).filter(isNews));
  if (quirks.wholeBoot || Object.keys(changed).length === Object.keys(whole).length) return [whole];
  return quirks.changedBootOnly ? [changed, whole] : [whole, changed];
}

export function bootSeen(boot: Boot): BootDeviceSeen {
  const enabled = boot.BootSourceOverrideEnabled;
  const target = boot.BootSourceOverrideTarget;
  if (enabled === 'Disabled' || target === 'None' || target === null)
    return { device: 'none', persistent: null, efi: null };
  const names = ['pxe', 'disk', 'cdrom', 'bios', 'uefi-http'] as const;
  const mode = boot.BootSourceOverrideMode;
  return {
    device: names.find((name) => targets[name] === target) ?? 'other',
    persistent: enabled === null ? null : enabled === 'Continuous',
    efi: mode === null ? null : mode === 'UEFI',
  };
}
