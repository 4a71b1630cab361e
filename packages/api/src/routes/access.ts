import { z } from 'zod';
import { route } from '../contract.ts';
import {
  auditEntrySchema,
  secretNameSchema,
  secretSchema,
  secretSetSchema,
  tokenCreatedSchema,
  tokenCreateSchema,
  tokenSchema,
} from '../schemas/access.ts';
import { pageOf, pagingQuery } from '../schemas/query.ts';

const admin = { tag: 'access', role: 'admin', scope: 'none' } as const;
const secret = z.object({ secret: secretNameSchema });

export const accessRoutes = {
  listTokens: route({
    ...admin,
    method: 'GET',
    path: '/api/v1/tokens',
    summary: 'List tokens; their text is stored nowhere',
    query: z.object(pagingQuery),
    responses: { 200: pageOf(tokenSchema) },
    success: 200,
    paged: true,
  }),
  createToken: route({
    ...admin,
    method: 'POST',
    path: '/api/v1/tokens',
    summary: 'Make a token; its text is in this answer only',
    description: 'A replay by `Idempotency-Key` answers without the text: `token` is then empty.',
    body: tokenCreateSchema,
    responses: { 201: tokenCreatedSchema },
    success: 201,
    idempotencyKey: true,
  }),
  revokeToken: route({
    ...admin,
    method: 'DELETE',
    path: '/api/v1/tokens/:token',
    summary: 'Revoke a token at once, by id or name',
    params: z.object({ token: z.string().min(1) }),
    responses: { 204: null },
    success: 204,
  }),
  listAudit: route({
    ...admin,
    method: 'GET',
    path: '/api/v1/audit',
    summary: 'The audit log, newest first',
    query: z.object({
      ...pagingQuery,
      actor: z.string().optional(),
      action: z.string().optional(),
      target: z.string().optional(),
    }),
    responses: { 200: pageOf(auditEntrySchema) },
    success: 200,
    paged: true,
  }),
  listSecrets: route({
    ...admin,
    method: 'GET',
    path: '/api/v1/secrets',
    summary: 'List secrets by name, without values',
    query: z.object(pagingQuery),
    responses: { 200: pageOf(secretSchema) },
    success: 200,
    paged: true,
  }),
  setSecret: route({
    ...admin,
    method: 'PUT',
    path: '/api/v1/secrets/:secret',
    summary: 'Set a secret that sites and parameters refer to by name',
    params: secret,
    body: secretSetSchema,
    responses: { 200: secretSchema, 201: secretSchema },
    success: 200,
    etag: true,
    ifMatch: true,
  }),
  deleteSecret: route({
    ...admin,
    method: 'DELETE',
    path: '/api/v1/secrets/:secret',
    summary: 'Delete a secret that nothing refers to',
    params: secret,
    responses: { 204: null },
    success: 204,
    ifMatch: true,
  }),
};
