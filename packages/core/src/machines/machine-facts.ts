/**
 * What the agent found on a machine. Null where it could not tell: hardware lies by leaving out. Sizes in bytes or MiB
 * (2^20), addresses of NICs lower case with colons. What comes over the wire is parsed by the metal provider.
 */
export interface MachineFacts {
  readonly boot: {
    readonly firmware: 'bios' | 'uefi' | null;
    /** The NIC that it booted from, and the address that it was given. */
    readonly mac: string | null;
    readonly address: string | null;
  };
  readonly dmi: MachineDmi;
  readonly cpu: {
    readonly model: string | null;
    /** As the kernel has it: `x86_64`, `aarch64`. */
    readonly architecture: string | null;
    readonly sockets: number | null;
    readonly cores: number | null;
    readonly threads: number | null;
    readonly flags: readonly string[];
  };
  readonly numa: readonly { readonly node: number; readonly cpus: string | null; readonly memoryMiB: number | null }[];
  readonly memoryMiB: number | null;
  readonly disks: readonly MachineDisk[];
  readonly nics: readonly MachineNic[];
  readonly pci: readonly MachinePciDevice[];
  readonly gpus: readonly MachinePciDevice[];
  readonly bmc: {
    readonly address: string | null;
    readonly mac: string | null;
    readonly channel: number | null;
  } | null;
}

/** SMBIOS as it stands there, nonsense included: identity.ts judges. */
export interface MachineDmi {
  readonly uuid: string | null;
  readonly serial: string | null;
  readonly assetTag: string | null;
  readonly boardSerial: string | null;
  readonly chassisSerial: string | null;
  readonly manufacturer: string | null;
  readonly product: string | null;
  readonly biosVersion: string | null;
}

export interface MachineDisk {
  /** The kernel's name, `sda`: good for one boot only. */
  readonly name: string;
  readonly serial: string | null;
  readonly wwn: string | null;
  readonly byPath: string | null;
  readonly model: string | null;
  readonly sizeBytes: number | null;
  readonly rotational: boolean | null;
  readonly transport: string | null;
}

export interface MachineNic {
  readonly name: string;
  readonly mac: string | null;
  readonly driver: string | null;
  readonly pci: string | null;
  readonly link: boolean | null;
  readonly speedMbps: number | null;
  /** The switch port at the other end. */
  readonly lldp: {
    readonly chassis: string | null;
    readonly port: string | null;
    readonly system: string | null;
  } | null;
}

export interface MachinePciDevice {
  readonly address: string;
  readonly vendor: string | null;
  readonly device: string | null;
  readonly class: string | null;
}
