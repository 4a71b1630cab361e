import { z } from 'zod';
import { countsSchema, listOf, timeSchema } from './scalars.ts';

const runStates = ['running', 'paused', 'cancelling', 'succeeded', 'failed', 'cancelled', 'superseded'] as const;

export const runSchema = z
  .object({
    id: z.string(),
    deployment: z.string(),
    plan: z.string(),
    purpose: z.enum(['apply', 'destroy', 'task']),
    state: z.enum(runStates),
    message: z.string().describe('One sentence: how far it is, or why it ended as it did.'),
    counts: z.object({
      actionsToRun: z.int(),
      done: z.int(),
      failed: z.int(),
      byState: countsSchema.describe("The run's node-roles by state."),
    }),
    startedAt: timeSchema,
    endedAt: timeSchema.nullable(),
    durationMs: z.number().nullable(),
    timings: z
      .object({ workMs: z.number(), waitingMs: z.number(), longestMs: z.number() })
      .nullable()
      .describe('Sums over attempts; null before the first has ended.'),
    criticalPath: listOf(z.object({ key: z.string(), startedAt: timeSchema.nullable(), durationMs: z.number() })),
    version: z.int(),
  })
  .meta({ id: 'Run' });
export type RunResponse = z.output<typeof runSchema>;

/** Whether a run has come to its end, whichever. */
export const runEnded = (state: RunResponse['state']): boolean =>
  state === 'succeeded' || state === 'failed' || state === 'cancelled' || state === 'superseded';
