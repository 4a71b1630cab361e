import { z } from 'zod';
import { jsonObjectSchema, timeSchema } from './scalars.ts';

/** One row of the append-only feed. Ids are gapless and in the order of commits. */
export const eventSchema = z
  .object({
    id: z.int().min(1),
    at: timeSchema,
    kind: z.string().describe('`node-role.state`, `run.started`, `node.state`, `plan.made`, `site.checked`, ...'),
    actor: z.string().describe('Who caused it: `token:<name>`, `worker:<id>`, `system`.'),
    site: z.string().nullable(),
    deployment: z.string().nullable(),
    run: z.string().nullable(),
    node: z.string().nullable(),
    nodeRole: z.string().nullable().describe("A node-role's key."),
    message: z.string(),
    data: jsonObjectSchema,
  })
  .meta({ id: 'Event' });
export type EventResponse = z.output<typeof eventSchema>;
