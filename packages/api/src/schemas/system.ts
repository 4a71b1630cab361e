import { z } from 'zod';
import { listOf } from './scalars.ts';

export const healthSchema = z.object({ status: z.literal('ok'), version: z.string() }).meta({ id: 'Health' });

/** Answered with 200 when ready and the same body with 503 when not. */
export const readinessSchema = z
  .object({
    ready: z.boolean(),
    checks: listOf(z.object({ name: z.string(), ok: z.boolean(), message: z.string() })),
  })
  .meta({ id: 'Readiness' });
