import { z } from 'zod';
import { planSchema } from './plan.ts';
import { runSchema } from './run.ts';
import { countsSchema, jsonObjectSchema, jsonSchema, listOf, timeSchema } from './scalars.ts';

const deploymentStates = ['planned', 'running', 'paused', 'active', 'failed', 'destroying', 'destroyed'] as const;

export const deploymentSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    workflow: z.string(),
    state: z.enum(deploymentStates),
    message: z.string().describe('One sentence; what to do when it is failed.'),
    specification: jsonObjectSchema
      .nullable()
      .describe('As committed and normalised, secrets by reference; null before the first approval.'),
    committedVersion: z.int(),
    proposedVersion: z.int(),
    packs: z.record(z.string(), z.string()).describe('The pinned versions.'),
    openPlan: z.string().nullable(),
    liveRun: z.string().nullable(),
    lastRun: z.string().nullable(),
    nodes: z.int(),
    nodeRoles: countsSchema.describe('Node-roles by state.'),
    version: z.int(),
    createdAt: timeSchema,
    updatedAt: timeSchema,
  })
  .meta({ id: 'Deployment' });
export type DeploymentResponse = z.output<typeof deploymentSchema>;

/** The specification as its user wrote it: a YAML text or a JSON value. All its problems come back at once, as 422. */
export const specificationDocumentSchema = z
  .union([z.string().min(1), jsonSchema])
  .meta({ id: 'SpecificationDocument', description: 'A specification, see docs/roles.md; YAML as application/yaml.' });

export const destroyOutcomeSchema = z
  .object({ plan: planSchema, run: runSchema.nullable().describe('Set when it was approved with it.') })
  .meta({ id: 'DestroyOutcome' });

const layerValueSchema = z.object({
  layer: z.enum(['default', 'global', 'workflow', 'profile', 'site', 'deployment', 'group', 'node']),
  name: z.string().nullable().describe("The layer's own name: the profile, site, group or node."),
  value: jsonSchema,
});

export const paramsSchema = z
  .object({
    deployment: z.string(),
    node: z.string().nullable(),
    params: listOf(
      z.object({
        name: z.string(),
        value: jsonSchema.describe('A secret one is a reference.'),
        source: layerValueSchema.omit({ value: true }),
        layers: listOf(layerValueSchema).describe(
          'With `explain`: every layer that sets it, lowest first; else empty.',
        ),
        readBy: listOf(z.string()).describe('Roles whose input it is.'),
        secret: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'Params' });
export type ParamsResponse = z.output<typeof paramsSchema>;

export const taskRequestSchema = z
  .strictObject({
    role: z.string().min(1),
    params: z.record(z.string(), jsonSchema).default({}).describe('By full name, or by the bare name of its own.'),
  })
  .meta({ id: 'TaskRequest' });

export const outputSchema = z
  .object({
    name: z.string().describe('`<role>.<output>`'),
    secret: z.boolean(),
    values: listOf(z.object({ nodeRole: z.string(), node: z.string().nullable(), value: jsonSchema, at: timeSchema })),
  })
  .meta({ id: 'Output' });

export const leaksSchema = z
  .object({
    deployment: z.string(),
    deploymentId: z.string(),
    clean: z.boolean().describe('Every site answered and none owns anything of it.'),
    checkedAt: timeSchema,
    resources: listOf(z.object({ site: z.string(), kind: z.string(), id: z.string(), nodeId: z.string() })),
    unanswered: listOf(z.object({ site: z.string(), message: z.string() })),
  })
  .meta({ id: 'Leaks' });
export type LeaksResponse = z.output<typeof leaksSchema>;
