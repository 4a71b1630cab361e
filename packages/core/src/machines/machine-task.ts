/** One thing that the agent is to do on a machine: what is signed, given to it and answered. */
import type { JsonObject } from '../json.ts';

export const machineTaskKinds = [
  'run',
  'write-image',
  'wipe',
  'burn-in',
  'set-bmc-user',
  'reboot',
  'kexec',
  'power-off',
  'inspect',
] as const;
export type MachineTaskKind = (typeof machineTaskKinds)[number];

/** What of a task its maker says; the store adds the rest. */
export interface NewMachineTask {
  readonly kind: MachineTaskKind;
  /** Fields of the kind, as docs/metal/agent.md lists them; a secret among them by reference. */
  readonly body: JsonObject;
  /** `wipe`, `deploy-2`: a machine has at most one task of a purpose and kind since its state began. */
  readonly purpose: string;
  /** Worthless from then on, milliseconds since the epoch. */
  readonly notAfterMs: number;
}

export interface MachineTask extends NewMachineTask {
  readonly id: string;
  readonly machineId: string;
  /** `given`: a session has it. Over: done, failed, cancelled (also when its time was over). */
  readonly state: 'queued' | 'given' | 'done' | 'failed' | 'cancelled';
  /** Id of the session that took it; null before. */
  readonly session: string | null;
  readonly progress: { readonly percent: number; readonly message: string; readonly atMs: number } | null;
  readonly result: MachineTaskResult | null;
  readonly createdAtMs: number;
}

/** What the agent answered; the first answer counts. */
export interface MachineTaskResult {
  readonly ok: boolean;
  readonly code: string;
  readonly message: string;
  readonly outputs: JsonObject;
}
