import { z } from 'zod';
import { jsonSchema, listOf, timeSchema } from './scalars.ts';

const nodeStates = [
  'planned',
  'creating',
  'ready',
  'unreachable',
  'maintenance',
  'destroying',
  'destroyed',
  'failed',
] as const;

const sizeSchema = z.object({
  cpus: z.exactOptional(z.number()),
  memoryGib: z.exactOptional(z.number()),
  diskGib: z.exactOptional(z.number()),
  gpus: z.exactOptional(z.number()),
  arch: z.exactOptional(z.string()),
});

export const nodeSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    site: z.string(),
    provider: z.string(),
    deployment: z.string().nullable(),
    group: z.string().nullable(),
    ordinal: z.int().nullable(),
    state: z.enum(nodeStates),
    origin: z.enum(['created', 'adopted', 'pooled']),
    message: z.string().describe('One sentence of what it looks like now.'),
    image: z.string().nullable(),
    size: z.union([z.string(), sizeSchema]).nullable(),
    capabilities: listOf(z.string()),
    labels: z.record(z.string(), z.string()),
    addresses: listOf(z.object({ host: z.string(), port: z.int(), family: z.literal([4, 6]), scope: z.string() })),
    providerId: z.string().nullable(),
    locked: z.boolean(),
    maintenance: z.boolean(),
    lost: z.boolean(),
    version: z.int(),
    createdAt: timeSchema,
    updatedAt: timeSchema,
  })
  .meta({ id: 'Node' });
export type NodeResponse = z.output<typeof nodeSchema>;

export const nodePatchSchema = z
  .strictObject({
    labels: z.record(z.string(), z.string().nullable()).optional().describe('Merge patch: null takes a label away.'),
    locked: z.boolean().optional().describe('A locked node starts nothing new.'),
    maintenance: z.boolean().optional(),
    lost: z.literal(true).optional().describe('Declares that the machine will not come back; cannot be undone.'),
  })
  .meta({ id: 'NodePatch' });

export const nodeFactsSchema = z
  .object({ facts: z.record(z.string(), jsonSchema), at: timeSchema.nullable() })
  .meta({ id: 'NodeFacts' });

export const powerRequestSchema = z
  .strictObject({ state: z.enum(['on', 'off', 'cycle']) })
  .meta({ id: 'PowerRequest' });
export const powerSchema = z
  .object({ node: z.string(), state: z.enum(['on', 'off', 'cycle']), done: z.boolean(), message: z.string() })
  .meta({ id: 'Power' });

export const consoleSchema = z.object({ node: z.string(), text: z.string() }).meta({ id: 'Console' });
