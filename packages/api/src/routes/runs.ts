import { z } from 'zod';
import { route } from '../contract.ts';
import { pageOf, pagingQuery, waitQuery, wordsSchema } from '../schemas/query.ts';
import { runSchema } from '../schemas/run.ts';
import { nameSchema } from '../schemas/scalars.ts';

const params = z.object({ name: nameSchema });
const run = { tag: 'runs', scope: 'deployment' } as const;
const steer = {
  ...run,
  method: 'POST',
  role: 'operator',
  params,
  responses: { 200: runSchema },
  success: 200,
  idempotencyKey: true,
} as const;

export const runRoutes = {
  listRuns: route({
    ...run,
    method: 'GET',
    path: '/api/v1/deployments/:name/runs',
    summary: 'Runs, newest first',
    role: 'viewer',
    params,
    query: z.object({ ...pagingQuery, state: wordsSchema.optional() }),
    responses: { 200: pageOf(runSchema) },
    success: 200,
    paged: true,
  }),
  pauseRun: route({
    ...steer,
    path: '/api/v1/deployments/:name/pause',
    summary: 'Start nothing new in the live run; what runs goes on',
  }),
  resumeRun: route({ ...steer, path: '/api/v1/deployments/:name/resume', summary: 'Let a paused run go on' }),
  cancelRun: route({
    ...steer,
    path: '/api/v1/deployments/:name/cancel',
    summary: 'End the live run: nothing new starts, what runs is aborted and proved quiet',
  }),
  getRun: route({
    ...run,
    method: 'GET',
    path: '/api/v1/runs/:run',
    summary: 'State, timings, counts and critical path of a run',
    description: '`wait` holds the answer until the run ends, and answers with it as it is when the time is over.',
    role: 'viewer',
    params: z.object({ run: z.string().min(1) }),
    query: z.object(waitQuery),
    responses: { 200: runSchema },
    success: 200,
    etag: true,
  }),
};
