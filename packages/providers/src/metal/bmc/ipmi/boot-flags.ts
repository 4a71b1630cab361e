/**
 * Boot flags, parameter 5 of the system boot options (IPMI 2.0 table 28-14), five bytes:
 *
 *   0 bit 7 valid, bit 6 for all boots, bit 5 EFI | 1 bits 5:2 device | 2..4 nothing of ours
 */
import type { BootDevice, BootDeviceName, BootDeviceSeen } from '../driver.ts';
import { parsed, refused, type Parsed } from '../parsed.ts';
import type { IpmiQuirks } from './ipmi-quirks.ts';

const selectors: Readonly<Partial<Record<BootDeviceName, number>>> = {
  none: 0x00,
  pxe: 0x04,
  disk: 0x08,
  cdrom: 0x14,
  bios: 0x18,
};

export function encodeBootFlags(
  { device, persistent, efi }: BootDevice,
  quirks: IpmiQuirks,
): Parsed<readonly number[]> {
  const selector = device === 'disk' && efi ? quirks.efiDiskSelector : selectors[device];
  if (selector === undefined) return refused(`IPMI has no boot device ${device}`);
  if (device === 'none') return parsed([0, 0, 0, 0, 0]);
  return parsed([0x80 | (persistent ? 0x40 : 0) | (efi ? 0x20 : 0), selector, 0, 0, 0]);
}

/** data: 0 version | 1 parameter, bit 7 = not valid | 2.. the flags. */
export function parseBootFlags(data: Buffer, quirks: IpmiQuirks): Parsed<BootDeviceSeen> {
  if (data.length < 7) return refused(`boot flags of ${data.length} bytes`);
  if (((data[1] ?? 0) & 0x7f) !== 5) return refused(`parameter ${data[1] ?? 0} instead of 5`);
  const flags = data[2] ?? 0;
  const efi = (flags & 0x20) !== 0;
  const selector = (data[3] ?? 0) & 0x3c;
  if (((data[1] ?? 0) & 0x80) !== 0 || (flags & 0x80) === 0)
    return parsed({ device: 'none', persistent: null, efi: null });
  if (efi && selector === quirks.efiDiskSelector)
    return parsed({ device: 'disk', persistent: (flags & 0x40) !== 0, efi });
  const device = (['none', 'pxe', 'disk', 'cdrom', 'bios'] as const).find((name) => selectors[name] === selector);
  return parsed({ device: device ?? 'other', persistent: (flags & 0x40) !== 0, efi });
}
