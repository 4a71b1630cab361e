/** The machine behind an emulated BMC, as its power button and its firmware see it. */
export type BootTarget = 'default' | 'pxe' | 'disk' | 'cdrom' | 'bios' | 'uefi-http';

export interface ChassisIdentity {
  readonly uuid: string;
  readonly serial: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly macs: readonly string[];
}

export interface Chassis {
  readonly identity: ChassisIdentity;
  isOn(): boolean;
  /** Powers on; the firmware tries `target` first. Nothing happens to a machine that is on. */
  start(target: BootTarget): Promise<void>;
  /** Takes the power away; answers when it is gone. */
  stop(): Promise<void>;
  /** Asks the operating system to shut down and answers at once. */
  shutDown(): Promise<void>;
  /** Puts an image into the CD drive for the next start; null takes it out. */
  insert(imageUrl: string | null): void;
  /** Asked when the guest restarted: the firmware begins anew, from what the answer says. */
  readonly onGuestReset?: (target: () => BootTarget) => void;
  /** Ends the machine and removes what it made. */
  close(): Promise<void>;
}
