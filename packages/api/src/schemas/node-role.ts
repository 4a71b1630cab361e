import { z } from 'zod';
import { reasonSchema } from './reason.ts';
import { listOf, timeSchema } from './scalars.ts';

const errorKinds = [
  'unreachable',
  'transient',
  'lost',
  'failed',
  'timeout',
  'capacity',
  'throttled',
  'unavailable',
] as const;

const stepErrorSchema = z
  .object({ kind: z.enum(errorKinds), code: z.string(), message: z.string() })
  .meta({ id: 'StepError' });

const running = { attempt: z.int() };
const waiting = { attempt: z.int(), untilMs: z.number(), why: z.string() };
const failed = { error: stepErrorSchema, retryAtMs: z.number().nullable() };

const removalWorkSchema = z
  .discriminatedUnion('phase', [
    z.object({ phase: z.literal('blocked') }),
    z.object({ phase: z.literal('ready'), queued: z.boolean() }),
    z.object({ phase: z.literal('running'), ...running }),
    z.object({ phase: z.literal('waiting'), ...waiting }),
    z.object({ phase: z.literal('failed'), ...failed }),
  ])
  .meta({ id: 'RemovalWork' });

/** Core's discriminated union; `...Ms` are milliseconds since the epoch. */
export const nodeRoleStateSchema = z
  .discriminatedUnion('state', [
    z.object({ state: z.literal('proposed') }),
    z.object({ state: z.literal('blocked') }),
    z.object({ state: z.literal('ready'), queued: z.boolean() }),
    z.object({ state: z.literal('running'), ...running }),
    z.object({ state: z.literal('waiting'), ...waiting }),
    z.object({ state: z.literal('active') }),
    z.object({ state: z.literal('failed'), ...failed }),
    z.object({ state: z.literal('skipped'), because: z.string() }),
    z.object({ state: z.literal('removing'), work: removalWorkSchema }),
    z.object({ state: z.literal('removed') }),
  ])
  .meta({ id: 'NodeRoleState' });

export const nodeRoleSchema = z
  .object({
    id: z.string(),
    key: z.string().describe('`etcd-member@edge-etcd-1`; unique among the living of one deployment.'),
    deployment: z.string(),
    role: z.string(),
    as: z.string(),
    node: z.string().nullable().describe("Null for the deployment's own."),
    group: z.string().nullable(),
    stage: z.string(),
    state: nodeRoleStateSchema,
    action: z.string().nullable().describe('What the live or last run does with it; null when it is none of its work.'),
    attempt: z.int().min(0).describe('Of the last attempt; 0 before the first.'),
    reasons: listOf(reasonSchema),
    sentence: z.string().describe('Why it is not running, in plain words; empty when there is nothing to say.'),
    startedAt: timeSchema.nullable(),
    endedAt: timeSchema.nullable(),
    durationMs: z.number().nullable(),
    version: z.int(),
  })
  .meta({ id: 'NodeRole' });
export type NodeRoleResponse = z.output<typeof nodeRoleSchema>;

export const skipRequestSchema = z.strictObject({ reason: z.string().min(1).max(500) }).meta({ id: 'SkipRequest' });

/** The chain from a node-role to the roots of its waiting, parents after children, `depth` 0 for the one asked about. */
export const whySchema = z
  .object({
    nodeRole: nodeRoleSchema,
    chain: listOf(
      z.object({
        depth: z.int().min(0),
        key: z.string(),
        state: z.string(),
        reason: reasonSchema.nullable(),
        sentence: z.string(),
      }),
    ),
  })
  .meta({ id: 'Why' });
export type WhyResponse = z.output<typeof whySchema>;

export const attemptSchema = z
  .object({
    id: z.string(),
    attempt: z.int(),
    run: z.string().nullable(),
    action: z.string(),
    state: z.enum(['running', 'waiting', 'succeeded', 'failed', 'lost', 'aborted']),
    worker: z.string().nullable(),
    exitCode: z.int().nullable(),
    error: stepErrorSchema.nullable(),
    logBytes: z.int(),
    startedAt: timeSchema.nullable(),
    endedAt: timeSchema.nullable(),
    durationMs: z.number().nullable(),
  })
  .meta({ id: 'Attempt' });
