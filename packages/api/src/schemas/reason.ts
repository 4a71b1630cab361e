import { z } from 'zod';
import { listOf } from './scalars.ts';

const keys = listOf(z.string());

/** Why a node-role is not running: core's closed set. Every one comes with a sentence beside it. */
export const reasonSchema = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('waiting-for'), what: z.enum(['node-roles', 'gate', 'refresh']), keys }),
    z.object({ kind: z.literal('blocked-by-failed'), keys }),
    z.object({ kind: z.literal('waiting-for-lock'), lock: z.string(), holder: z.string().nullable() }),
    z.object({
      kind: z.literal('limit'),
      scope: z.enum(['site', 'role', 'window', 'cost', 'lane']),
      name: z.string(),
      max: z.number(),
    }),
    z.object({ kind: z.literal('node-unreachable'), node: z.string() }),
    z.object({ kind: z.literal('node-locked'), node: z.string() }),
    z.object({ kind: z.literal('maintenance'), node: z.string() }),
    z.object({ kind: z.literal('paused') }),
    z.object({ kind: z.literal('not-approved') }),
    z.object({ kind: z.literal('needs-approval'), why: z.string() }),
    z.object({ kind: z.literal('rollout-stopped'), role: z.string(), failed: keys }),
    z.object({ kind: z.literal('retry-at'), atMs: z.number(), why: z.string() }),
    z.object({ kind: z.literal('no-worker'), site: z.string() }),
    z.object({ kind: z.literal('needs-rehearsal') }),
  ])
  .meta({ id: 'Reason' });
