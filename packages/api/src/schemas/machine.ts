import { machineStates } from '@formwork/core';
import { z } from 'zod';
import { jsonObjectSchema, listOf, nameSchema, timeSchema } from './scalars.ts';

const labels = z.record(z.string(), z.string());
const reason = z.object({ code: z.string(), message: z.string() });

const bmcSchema = z
  .strictObject({
    driver: z.enum(['ipmi', 'ipmitool', 'redfish', 'webhook']),
    address: z.string().min(1).max(253),
    port: z.int().min(1).max(65_535).nullable().default(null).describe("Null: the protocol's own."),
    credentials: z.string().max(63).default('default').describe("Name of a BMC account in the site's credentials."),
    options: jsonObjectSchema.default({}),
  })
  .meta({ id: 'MachineBmc' });

const common = {
  id: z.string(),
  name: z.string(),
  site: z.string(),
  state: z.enum(machineStates),
  reason: reason.describe('Why it is in this state.'),
  since: timeSchema,
  deadline: timeSchema.describe('When the state has to be over.'),
  approved: z.boolean(),
  trust: z.enum(['approval', 'tofu', 'tpm']),
  dirty: z.boolean().describe("Another owner's data may be on its disks."),
  labels,
  subnet: z.string().nullable(),
  identity: z.object({
    uuid: z.string().nullable(),
    serial: z.string().nullable(),
    boardSerial: z.string().nullable(),
    chassisSerial: z.string().nullable(),
    assetTag: z.string().nullable(),
    macs: listOf(z.string()),
  }),
  hardware: z
    .object({
      cpus: z.number(),
      memoryGib: z.number(),
      diskGib: z.number(),
      gpus: z.int(),
      arch: z.string().nullable(),
      product: z.string().nullable(),
    })
    .nullable()
    .describe('Null until it was inspected.'),
  power: z.enum(['on', 'off', 'unknown']).describe('As last observed.'),
  node: z.string().nullable().describe('Name of the node it is given to.'),
  deployment: z.string().nullable(),
  image: z.string().nullable().describe('What is on its disk, or on its way there.'),
  version: z.int(),
  createdAt: timeSchema,
} as const;

export const machineSchema = z
  .object({ ...common, bmc: bmcSchema.nullable(), facts: jsonObjectSchema.nullable(), factsAt: timeSchema.nullable() })
  .meta({ id: 'Machine' });
export type MachineResponse = z.output<typeof machineSchema>;

export const machineItemSchema = z.object(common).meta({ id: 'MachineItem' });
export type MachineItemResponse = z.output<typeof machineItemSchema>;

export const machineCreateSchema = z
  .strictObject({
    name: nameSchema,
    macs: z.array(z.string().regex(/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i, 'must be a MAC address')).default([]),
    labels: labels.default({}),
    bmc: bmcSchema.nullable().default(null),
  })
  .meta({ id: 'MachineCreate' });

export const machinePatchSchema = z
  .strictObject({
    name: nameSchema.optional(),
    labels: z.record(z.string(), z.string().nullable()).optional().describe('Merge patch: null takes a label away.'),
    bmc: bmcSchema.nullable().optional(),
  })
  .meta({ id: 'MachinePatch' });

const machineActions = ['approve', 'inspect', 'test', 'maintain', 'resume', 'rescue', 'repair', 'restore'] as const;
/** What a machine cannot be brought back from: its node goes, its disks are wiped, it is given to nobody. */
const machineEndings = ['release', 'retire', 'fail'] as const;

const why = z.string().max(500).optional().describe('Shown as the reason of the state.');
export const machineActionSchema = z
  .strictObject({ action: z.enum(machineActions), reason: why })
  .meta({ id: 'MachineAction' });
export const machineEndingSchema = z
  .strictObject({ action: z.enum(machineEndings), reason: why })
  .meta({ id: 'MachineEnding' });

export const machinePowerRequestSchema = z
  .strictObject({ action: z.enum(['on', 'off', 'soft', 'reset', 'cycle']) })
  .meta({ id: 'MachinePowerRequest' });
export const machinePowerSchema = z
  .object({ machine: z.string(), action: z.string(), done: z.boolean(), message: z.string() })
  .meta({ id: 'MachinePower' });

export const machineTaskSchema = z
  .object({
    id: z.string(),
    kind: z.string(),
    purpose: z.string(),
    state: z.enum(['queued', 'given', 'done', 'failed', 'cancelled']),
    percent: z.number().nullable(),
    message: z.string().describe('Of its result, else of its progress.'),
    createdAt: timeSchema,
  })
  .meta({ id: 'MachineTask' });

export const machineLogSchema = z.object({ at: timeSchema, text: z.string() }).meta({ id: 'MachineLogPiece' });
