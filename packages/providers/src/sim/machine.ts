import { z } from 'zod';

/** A machine of the park, as stored: facts that are decided once, and the few that change. Times are clock times. */
export const machineSchema = z.strictObject({
  key: z.string(),
  providerId: z.string(),
  tags: z.strictObject({
    siteId: z.string(),
    deploymentId: z.string(),
    nodeId: z.string(),
    incarnation: z.number(),
  }),
  name: z.string(),
  image: z.string(),
  arch: z.string(),
  cpus: z.number(),
  memoryMib: z.number(),
  diskGib: z.number().nullable(),
  os: z.string(),
  osRelease: z.string(),
  zone: z.string(),
  capabilities: z.array(z.string()),
  sshPublicKey: z.string(),
  address: z.string(),
  /** First boot's end; with `bootedAtMs` it tells a reboot from a creation. */
  firstBootedAtMs: z.number(),
  /** From when SSH answers. */
  bootedAtMs: z.number(),
  boots: z.number(),
  power: z.enum(['on', 'off']),
  /** When its destruction ends; null as long as nobody asked for it. */
  destroyAtMs: z.number().nullable(),
  /** Said to be destroyed, yet there: the fault `lying-destroy`. */
  hidden: z.boolean(),
});

export type Machine = z.infer<typeof machineSchema>;

/** A machine that has no address yet: the park gives it one. */
export type NewMachine = Omit<Machine, 'address'>;

export const providerIdOf = (keyHash: string): string => `sim-${keyHash}`;
