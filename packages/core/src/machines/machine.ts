/**
 * A physical machine of a metal site, in use or not. A node of a metal site is an allocation of one: the machine outlives
 * its nodes.
 */
import type { Json } from '../json.ts';
import type { MachineState } from './lifecycle.ts';
import type { MachineFacts } from './machine-facts.ts';

export interface Machine {
  /** UUID. */
  readonly id: string;
  readonly siteId: string;
  /** Unique in its site. */
  readonly name: string;
  readonly state: MachineState;
  /** Why it is in this state; never empty. */
  readonly reason: MachineReason;
  /** When the state began, and when it has to be over; milliseconds since the epoch by the database's clock. */
  readonly sinceMs: number;
  readonly deadlineMs: number;
  readonly approved: boolean;
  /** How its identity was established: a person said so, the first that came, or a TPM. */
  readonly trust: 'approval' | 'tofu' | 'tpm';
  /** Another owner's data may be on its disks: it is wiped before it is ready. */
  readonly dirty: boolean;
  readonly identity: MachineIdentity;
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the site's subnet it was seen in; null before it was seen. */
  readonly subnet: string | null;
  readonly bmc: MachineBmc | null;
  readonly facts: MachineFacts | null;
  readonly factsAtMs: number | null;
  readonly allocation: MachineAllocation | null;
  readonly install: MachineInstall | null;
  readonly power: MachinePower;
  /** Of the row; rises with every change. */
  readonly version: number;
  readonly createdAtMs: number;
}

/** A code to act on, a sentence to read. `code` is words with hyphens: `claim-conflict`, `wipe-failed`. */
export interface MachineReason {
  readonly code: string;
  readonly message: string;
}

/** What says which machine it is: cleaned, nonsense left out (identity.ts). Lower case. */
export interface MachineIdentity {
  readonly uuid: string | null;
  readonly serial: string | null;
  readonly boardSerial: string | null;
  readonly chassisSerial: string | null;
  readonly assetTag: string | null;
  /** `52:54:00:77:00:01`, sorted. */
  readonly macs: readonly string[];
}

export interface MachineBmc {
  readonly driver: 'ipmi' | 'ipmitool' | 'redfish' | 'webhook';
  readonly address: string;
  /** 1 to 65535; null: the protocol's own. */
  readonly port: number | null;
  /** Which of the site's BMC accounts; the account itself is in the site's sealed credentials. */
  readonly credentials: string;
  /** Further settings of the driver (trust, learned cipher suite, URLs of a webhook). */
  readonly options: Readonly<Record<string, Json>>;
}

/** To which node the machine is given. */
export interface MachineAllocation {
  /** Key of the create (provider contract, rule 4): never two machines for one key. */
  readonly key: string;
  readonly deploymentId: string;
  readonly nodeId: string;
  readonly incarnation: number;
  /** Hostname to come up with. */
  readonly nodeName: string;
  readonly deploymentName: string;
  /** Portable image name. */
  readonly image: string;
  /** OpenSSH one-line public key that may log in. */
  readonly sshPublicKey: string;
  readonly atMs: number;
}

/** Of the operating system now on the disk, or on its way there. `written`: from now on only its own disk boots. */
export interface MachineInstall {
  /** Rises with each installation. */
  readonly number: number;
  readonly image: string;
  readonly phase: 'writing' | 'written' | 'installed';
  /** SHA-256 (hexadecimal) of the one-time token that the first boot reports with; null once used. */
  readonly tokenHash: string | null;
  /** OpenSSH one-line host keys that the installed system reported. */
  readonly hostKeys: readonly string[];
  /** Where its SSH answers. */
  readonly address: string | null;
  readonly port: number;
  /** `uname -r` of it; null until it reported. */
  readonly kernel: string | null;
}

export interface MachinePower {
  readonly observed: 'on' | 'off' | 'unknown';
  readonly observedAtMs: number | null;
  /** When we last sent it through a network boot in this state; null before. */
  readonly kickedAtMs: number | null;
  /** Network boots that it asked for since the state began. */
  readonly boots: number;
  /** When the agent of the discovery image last said anything; null: never. */
  readonly agentAtMs: number | null;
}
