import { z } from 'zod';
import { route } from '../contract.ts';
import { eventSchema } from '../schemas/event.ts';
import { countSchema, pageOf, pagingQuery, wordsSchema } from '../schemas/query.ts';

export const eventRoutes = {
  listEvents: route({
    method: 'GET',
    path: '/api/v1/events',
    summary: 'Events, oldest first; live with `Accept: text/event-stream`',
    description:
      'The stream starts after `Last-Event-ID`, else after `after`, else with what happens from now on. ' +
      'A listener that reads too slowly is closed and resumes by `Last-Event-ID`.',
    tag: 'events',
    role: 'viewer',
    scope: 'none',
    query: z.object({
      ...pagingQuery,
      after: countSchema.optional().describe('Only events with a greater id.'),
      kind: wordsSchema.optional().describe('Kinds, or prefixes that end in `.`.'),
      site: z.string().optional(),
      deployment: z.string().optional(),
      run: z.string().optional(),
      node: z.string().optional(),
    }),
    responses: { 200: pageOf(eventSchema) },
    success: 200,
    paged: true,
    stream: { event: eventSchema },
  }),
};
