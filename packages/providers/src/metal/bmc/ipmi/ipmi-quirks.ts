/** Where machines differ from the standard, by the manufacturer id of Get Device ID (IANA enterprise numbers). */
export interface IpmiQuirks {
  /** Byte 2 of the boot flags that boots the UEFI disk; 0x08 by the standard. */
  readonly efiDiskSelector: number;
}

const standard: IpmiQuirks = { efiDiskSelector: 0x08 };

const byManufacturer: Readonly<Record<number, Partial<IpmiQuirks>>> = {
  // Supermicro: 0x08 boots the legacy disk whatever the EFI flag says.
  10876: { efiDiskSelector: 0x24 },
  47488: { efiDiskSelector: 0x24 },
};

export const ipmiQuirks = (manufacturerId: number): IpmiQuirks => ({ ...standard, ...byManufacturer[manufacturerId] });
