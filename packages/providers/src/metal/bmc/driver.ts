/**
 * What a driver must say of one kind of BMC. A driver does one thing a call and neither waits, retries nor verifies:
 * bmc.ts does that for all of them. What a BMC has no words for is absent.
 */
export type DriverKind = 'ipmi' | 'ipmitool' | 'redfish' | 'webhook';

/** `unknown`: the BMC answers, but says nothing that means on or off. */
export type PowerState = 'on' | 'off' | 'unknown';

/** `soft` asks the operating system to shut down, `reset` keeps the power on, `cycle` takes it away in between. */
export type PowerAction = 'on' | 'off' | 'soft' | 'reset' | 'cycle';

/** `none` takes an override away. */
export type BootDeviceName = 'none' | 'pxe' | 'disk' | 'cdrom' | 'bios' | 'uefi-http';

export interface BootDevice {
  readonly device: BootDeviceName;
  /** For every boot from now on, or for the next one alone. */
  readonly persistent: boolean;
  /** Boots by UEFI; false asks for the legacy BIOS. */
  readonly efi: boolean;
  /** Where `uefi-http` boots from; without it the DHCP server says. */
  readonly httpBootUri?: string;
}

/** What the BMC says when asked; null where it does not tell. */
export interface BootDeviceSeen {
  readonly device: BootDeviceName | 'other';
  readonly persistent: boolean | null;
  readonly efi: boolean | null;
}

export interface BootDeviceCapability {
  /** Sets, reads back and answers what the BMC then says. */
  set(wanted: BootDevice, signal: AbortSignal): Promise<BootDeviceSeen>;
  get(signal: AbortSignal): Promise<BootDeviceSeen>;
}

export interface InventoryNic {
  /** Lower case, with colons. */
  readonly mac: string;
  readonly name: string;
}

export interface InventoryDrive {
  readonly name: string;
  readonly serial: string | null;
  readonly model: string | null;
  readonly sizeBytes: number | null;
}

/** What the BMC knows of its machine; null and empty where it does not tell. */
export interface BmcInventory {
  readonly manufacturer: string | null;
  readonly model: string | null;
  readonly serial: string | null;
  readonly boardSerial: string | null;
  readonly assetTag: string | null;
  /** Lower case, as SMBIOS prints it. IPMI's GUID is given as the 16 bytes stand in its answer: vendors order it unlike. */
  readonly uuid: string | null;
  readonly bmcFirmware: string | null;
  readonly cpuCount: number | null;
  readonly cpuModel: string | null;
  readonly memoryMib: number | null;
  readonly nics: readonly InventoryNic[];
  readonly drives: readonly InventoryDrive[];
}

export interface BmcEvent {
  readonly id: string;
  /** Milliseconds since the epoch; null when the BMC's clock was not set. */
  readonly atMs: number | null;
  readonly text: string;
}

export interface VirtualMediaCapability {
  /** Puts the image at this URL into the first drive that takes CDs; what was in it is ejected. */
  insert(imageUrl: string, signal: AbortSignal): Promise<void>;
  eject(signal: AbortSignal): Promise<void>;
}

export interface BmcDriver {
  readonly kind: DriverKind;
  power(signal: AbortSignal): Promise<PowerState>;
  setPower(action: PowerAction, signal: AbortSignal): Promise<void>;
  readonly bootDevice?: BootDeviceCapability;
  readonly inventory?: (signal: AbortSignal) => Promise<BmcInventory>;
  readonly virtualMedia?: VirtualMediaCapability;
  /** The locator light; 0 seconds puts it out. */
  readonly identify?: (seconds: number, signal: AbortSignal) => Promise<void>;
  /** The newest events last, at most `most` of them. */
  readonly events?: (most: number, signal: AbortSignal) => Promise<readonly BmcEvent[]>;
  /** Starts the BMC anew; it is away for minutes. */
  readonly coldReset?: (signal: AbortSignal) => Promise<void>;
  close(): Promise<void>;
}
