import { z } from 'zod';
import { route } from '../contract.ts';
import { jsonObjectSchema } from '../schemas/scalars.ts';
import { healthSchema, readinessSchema } from '../schemas/system.ts';

const open = { tag: 'system', role: 'public', scope: 'none', method: 'GET', success: 200 } as const;

export const systemRoutes = {
  getHealth: route({
    ...open,
    path: '/healthz',
    summary: 'Whether the process lives',
    responses: { 200: healthSchema },
  }),
  getReadiness: route({
    ...open,
    path: '/readyz',
    summary: 'Whether database, queue and migrations are ready',
    description: 'Not ready is 503 with a problem whose `problems` name the checks that fail.',
    responses: { 200: readinessSchema },
  }),
  getOpenApi: route({
    ...open,
    path: '/openapi.json',
    summary: 'This description, OpenAPI 3.1',
    responses: { 200: jsonObjectSchema },
  }),
  getMetrics: route({
    ...open,
    role: 'viewer',
    path: '/metrics',
    summary: 'Metrics in the text format of Prometheus',
    responses: { 200: z.string() },
    text: 'only',
  }),
};
