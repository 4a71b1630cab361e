import { z } from 'zod';
import { route } from '../contract.ts';
import { logChunkSchema, logEndSchema, logSchema } from '../schemas/log.ts';
import { attemptSchema, nodeRoleSchema, skipRequestSchema, whySchema } from '../schemas/node-role.ts';
import { countSchema, pageOf, pagingQuery, wordsSchema } from '../schemas/query.ts';
import { nameSchema } from '../schemas/scalars.ts';

const params = z.object({
  name: nameSchema,
  nodeRole: z.string().min(1).describe('Id, or key such as `etcd-member@edge-etcd-1`.'),
});
const nodeRole = { tag: 'node-roles', scope: 'deployment' } as const;
const base = '/api/v1/deployments/:name/node-roles';

export const nodeRoleRoutes = {
  listNodeRoles: route({
    ...nodeRole,
    method: 'GET',
    path: base,
    summary: 'Node-roles in the order of stages, removed ones only when asked for by state',
    role: 'viewer',
    params: z.object({ name: nameSchema }),
    query: z.object({
      ...pagingQuery,
      state: wordsSchema.optional(),
      role: z.string().optional(),
      node: z.string().optional(),
      run: z.string().optional().describe('Only those that the run works on.'),
    }),
    responses: { 200: pageOf(nodeRoleSchema) },
    success: 200,
    paged: true,
  }),
  getNodeRole: route({
    ...nodeRole,
    method: 'GET',
    path: `${base}/:nodeRole`,
    summary: 'Get a node-role',
    role: 'viewer',
    params,
    responses: { 200: nodeRoleSchema },
    success: 200,
    etag: true,
  }),
  retryNodeRole: route({
    ...nodeRole,
    method: 'POST',
    path: `${base}/:nodeRole/retry`,
    summary: 'Try a failed node-role again',
    description: 'Within the live run, else in a run of its own over it and what depends on it.',
    role: 'operator',
    params,
    responses: { 202: nodeRoleSchema },
    success: 202,
    idempotencyKey: true,
    ifMatch: true,
  }),
  skipNodeRole: route({
    ...nodeRole,
    method: 'POST',
    path: `${base}/:nodeRole/skip`,
    summary: 'Leave a node-role out, with a reason that stays on record',
    role: 'operator',
    params,
    body: skipRequestSchema,
    responses: { 200: nodeRoleSchema },
    success: 200,
    idempotencyKey: true,
    ifMatch: true,
  }),
  whyNodeRole: route({
    ...nodeRole,
    method: 'GET',
    path: `${base}/:nodeRole/why`,
    summary: 'Why it is not running, down to the roots',
    role: 'viewer',
    params,
    responses: { 200: whySchema },
    success: 200,
  }),
  listAttempts: route({
    ...nodeRole,
    method: 'GET',
    path: `${base}/:nodeRole/attempts`,
    summary: 'Attempts, newest first',
    role: 'viewer',
    params,
    query: z.object(pagingQuery),
    responses: { 200: pageOf(attemptSchema) },
    success: 200,
    paged: true,
  }),
  getLog: route({
    ...nodeRole,
    method: 'GET',
    path: `${base}/:nodeRole/log`,
    summary: "A piece of an attempt's log",
    description: 'With `Accept: text/plain` the text alone.',
    role: 'viewer',
    params,
    query: z.object({
      attempt: countSchema.optional().describe('The last one when absent.'),
      offset: countSchema.optional().describe('Bytes; 0 when absent.'),
      maxBytes: countSchema.optional().describe('At most 1 MiB, which is also what is meant when absent.'),
    }),
    responses: { 200: logSchema },
    success: 200,
    text: 'also',
  }),
  streamLog: route({
    ...nodeRole,
    method: 'GET',
    path: `${base}/:nodeRole/log/stream`,
    summary: 'The log as it is written, over retries, until the node-role is at rest',
    description: 'Event ids are `<attempt>:<nextOffset>`; resuming by `Last-Event-ID` repeats nothing.',
    role: 'viewer',
    params,
    query: z.object({ attempt: countSchema.optional(), offset: countSchema.optional() }),
    responses: { 200: null },
    success: 200,
    stream: { log: logChunkSchema, end: logEndSchema },
  }),
};
