/**
 * What a machine is told about itself while it is installed and at its first boot. Whoever serves it has checked the
 * claim of its session before: user data may hold what only this machine may know.
 */
export interface MachineData {
  /** Changes with every installation, so that cloud-init runs anew. */
  readonly instanceId: string;
  readonly hostname: string;
  /** Public keys that may log in, one line each. */
  readonly sshKeys: readonly string[];
  /** As cloud-init takes it: a script, or `#cloud-config`; null: none. */
  readonly userData: string | null;
  readonly vendorData: string | null;
  readonly interfaces: readonly MachineInterface[];
}

/** An interface, known by its MAC alone: names change with kernels. */
export interface MachineInterface {
  readonly mac: string;
  /** `10.77.0.10/24`; empty: by DHCP. */
  readonly addresses: readonly string[];
  readonly gateway: string | null;
  readonly nameservers: readonly string[];
  readonly mtu: number | null;
}
