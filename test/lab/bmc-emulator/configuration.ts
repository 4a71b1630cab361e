import { z } from 'zod';
import { faultsSchema } from './faults.ts';
import { redfishShapeSchema } from './redfish/redfish-options.ts';

/** The file that main.ts reads: machines with their BMCs. Ports of 0 are chosen; the ready line says which. */
export const labSchema = z.strictObject({
  host: z.string().default('127.0.0.1'),
  user: z.string().default('admin'),
  password: z.string().min(1).max(20),
  bmcs: z
    .array(
      z.strictObject({
        /** Number of the machine: uuid, serial and MAC follow from it. */
        index: z.number().int().min(1).max(65_535),
        ipmiPort: z.number().int().min(0).default(0),
        redfishPort: z.number().int().min(0).default(0),
        suites: z.array(z.union([z.literal(3), z.literal(17)])).default([3, 17]),
        slots: z.number().int().min(1).default(4),
        manufacturerId: z.number().int().min(0).default(0),
        redfish: redfishShapeSchema.prefault({}),
        faults: faultsSchema.prefault({}),
        chassis: z
          .discriminatedUnion('kind', [
            z.strictObject({ kind: z.literal('memory') }),
            z.strictObject({
              kind: z.literal('qemu'),
              directory: z.string(),
              firmware: z.enum(['bios', 'uefi']).default('bios'),
              memoryMib: z.number().int().min(64).default(512),
              tap: z.string().nullable().default(null),
              diskMib: z.number().int().min(0).default(4_096),
            }),
          ])
          .default({ kind: 'memory' }),
      }),
    )
    .min(1),
});
export type LabBmc = z.infer<typeof labSchema>['bmcs'][number];
