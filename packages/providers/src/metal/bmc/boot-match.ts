import type { BootDevice, BootDeviceSeen } from './driver.ts';

/** Whether what the BMC says when asked is what it was told; what it does not tell is believed. */
export function bootMatches(wanted: BootDevice, seen: BootDeviceSeen): boolean {
  if (seen.device !== wanted.device) return false;
  if (wanted.device === 'none') return true;
  return (seen.persistent ?? wanted.persistent) === wanted.persistent && (seen.efi ?? wanted.efi) === wanted.efi;
}

export const bootText = ({ device, persistent, efi }: BootDeviceSeen | BootDevice): string =>
  [device, persistent === true ? 'persistent' : 'once', efi === null ? '' : efi ? 'by UEFI' : 'by BIOS']
    .filter((word) => word !== '')
    .join(' ');
