import { z } from 'zod';
import { route } from '../contract.ts';
import { packSchema, profileSchema, roleSchema, workflowSchema } from '../schemas/content.ts';
import { pageOf, pagingQuery } from '../schemas/query.ts';

const content = { tag: 'content', role: 'viewer', scope: 'none', success: 200 } as const;
const ofPack = z.object({ ...pagingQuery, pack: z.string().optional() });
const version = z.object({
  version: z.string().optional().describe('Of the pack; the newest when absent.'),
});

export const contentRoutes = {
  listPacks: route({
    ...content,
    method: 'GET',
    path: '/api/v1/packs',
    summary: 'List the stored packs, every version',
    query: z.object({ ...pagingQuery, name: z.string().optional() }),
    responses: { 200: pageOf(packSchema) },
    paged: true,
  }),
  getPack: route({
    ...content,
    method: 'GET',
    path: '/api/v1/packs/:pack',
    summary: 'Get a pack',
    params: z.object({ pack: z.string().min(1) }),
    query: version,
    responses: { 200: packSchema },
  }),
  uploadPack: route({
    ...content,
    method: 'POST',
    path: '/api/v1/packs',
    summary: 'Store a pack from an archive of its folder',
    description:
      'A pack is code that runs as root on every node it reaches: only for administrators, and audited. ' +
      'The archive is refused for links, paths that leave it, and size; the pack for every problem of its documents (422). ' +
      '200 when exactly this version with this digest is stored already; 409 when the version is stored with another digest.',
    role: 'admin',
    body: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
    bodyKind: 'archive',
    responses: { 200: packSchema, 201: packSchema },
    success: 201,
    idempotencyKey: true,
  }),
  listRoles: route({
    ...content,
    method: 'GET',
    path: '/api/v1/roles',
    summary: 'List the roles of the newest pack versions',
    query: z.object({ ...ofPack.shape, kind: z.string().optional() }),
    responses: { 200: pageOf(roleSchema) },
    paged: true,
  }),
  getRole: route({
    ...content,
    method: 'GET',
    path: '/api/v1/roles/:role',
    summary: "Get a role with its parameters' schemas",
    params: z.object({ role: z.string().min(1) }),
    query: version,
    responses: { 200: roleSchema },
  }),
  listWorkflows: route({
    ...content,
    method: 'GET',
    path: '/api/v1/workflows',
    summary: 'List the workflows of the newest pack versions',
    query: ofPack,
    responses: { 200: pageOf(workflowSchema) },
    paged: true,
  }),
  getWorkflow: route({
    ...content,
    method: 'GET',
    path: '/api/v1/workflows/:workflow',
    summary: 'Get a workflow with its stages',
    params: z.object({ workflow: z.string().min(1) }),
    query: version,
    responses: { 200: workflowSchema },
  }),
  listProfiles: route({
    ...content,
    method: 'GET',
    path: '/api/v1/profiles',
    summary: 'List the profiles of the newest pack versions',
    query: ofPack,
    responses: { 200: pageOf(profileSchema) },
    paged: true,
  }),
};
