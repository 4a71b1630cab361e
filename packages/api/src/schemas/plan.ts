import { disruptions } from '@formwork/core';
import { z } from 'zod';
import { listOf, timeSchema } from './scalars.ts';

const words = listOf(z.string());
const producer = { role: z.string(), nodes: words };

const planReasonSchema = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('new-node') }),
    z.object({ kind: z.literal('new-role') }),
    z.object({ kind: z.literal('param'), names: words }),
    z.object({ kind: z.literal('fact'), names: words }),
    z.object({ kind: z.literal('role-changed'), from: z.string(), to: z.string() }),
    z.object({ kind: z.literal('new-producer'), ...producer }),
    z.object({ kind: z.literal('producer-gone'), ...producer }),
    z.object({ kind: z.literal('output'), role: z.string(), outputs: words }),
    z.object({ kind: z.literal('not-clean') }),
    z.object({ kind: z.literal('unfinished'), state: z.string() }),
    z.object({ kind: z.literal('requested') }),
    z.object({ kind: z.literal('scale-down') }),
    z.object({ kind: z.literal('omitted') }),
    z.object({ kind: z.literal('node-gone') }),
    z.object({ kind: z.literal('role-unbound') }),
    z.object({ kind: z.literal('destroy') }),
  ])
  .meta({ id: 'PlanReason' });

const planActionKinds = [
  'create-node',
  'run',
  're-run',
  'join',
  'refresh',
  'remove',
  'evict',
  'destroy-node',
  'replace',
  'none',
] as const;

const certaintySchema = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('will') }),
    z.object({ kind: z.literal('if-output-changed'), role: z.string(), output: z.string() }),
  ])
  .meta({ id: 'Certainty' });

export const planActionSchema = z
  .object({
    action: z.enum(planActionKinds),
    nodeRole: z.string(),
    role: z.string(),
    as: z.string(),
    node: z.string().nullable(),
    reason: planReasonSchema,
    disruption: z.enum(disruptions),
    certainty: certaintySchema,
  })
  .meta({ id: 'PlanAction' });

const planStatuses = ['open', 'approved', 'superseded', 'stale'] as const;

export const planSchema = z
  .object({
    id: z.string(),
    deployment: z.string(),
    purpose: z.enum(['apply', 'destroy', 'task']),
    status: z.enum(planStatuses),
    specificationVersion: z.int().describe('The version that approval commits.'),
    committedVersion: z.int().describe('What was committed when the plan was made; 0 before the first approval.'),
    actions: listOf(planActionSchema),
    rendered: z.string().describe('The plan in words, as `formwork plan` prints it.'),
    counts: z.object({
      actionsToRun: z.int(),
      total: z.int().describe('Wanted node-roles in all, the unchanged ones included.'),
      nodesCreated: z.int(),
      nodesDestroyed: z.int(),
      onExistingNodes: z.int().describe('Actions on nodes that were there before the plan.'),
    }),
    disruption: z.record(z.string(), z.enum(disruptions)).describe('The greatest by node name.'),
    warnings: words,
    run: z.string().nullable().describe('The run that executes it, once approved.'),
    createdAt: timeSchema,
  })
  .meta({ id: 'Plan' });
export type PlanResponse = z.output<typeof planSchema>;

const vertexSchema = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('node-role'),
      key: z.string(),
      nodeRole: z.string(),
      purpose: z.enum(['apply', 'remove', 'evict']),
      role: z.string(),
      as: z.string(),
      node: z.string().nullable(),
      group: z.string().nullable(),
      stage: z.string(),
      lane: z.string(),
      founder: z.boolean(),
    }),
    z.object({
      kind: z.literal('gate'),
      key: z.string(),
      min: z.int().nullable(),
      edges: z.enum(['hard', 'order']),
    }),
  ])
  .meta({ id: 'Vertex' });

export const graphSchema = z
  .object({
    plan: z.string(),
    vertices: listOf(vertexSchema),
    edges: listOf(z.object({ from: z.string(), to: z.string(), kind: z.enum(['hard', 'order']) })),
  })
  .meta({ id: 'Graph' });
