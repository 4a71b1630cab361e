import { z } from 'zod';
import { jsonSchema, listOf, timeSchema } from './scalars.ts';

const tokenRoles = ['viewer', 'operator', 'admin'] as const;

const scopeShape = {
  sites: listOf(z.string()).default(['*']),
  deployments: listOf(z.string()).default(['*']).describe('Names or patterns with `*`.'),
  pipelines: listOf(z.string()).default(['*']),
};

export const tokenCreateSchema = z
  .strictObject({
    name: z.string().min(1).max(100),
    role: z.enum(tokenRoles),
    scope: z.strictObject(scopeShape).prefault({}),
    expiresAt: timeSchema.nullable().default(null),
  })
  .meta({ id: 'TokenCreate' });

export const tokenSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    role: z.enum(tokenRoles),
    scope: z.object({ sites: listOf(z.string()), deployments: listOf(z.string()), pipelines: listOf(z.string()) }),
    createdAt: timeSchema,
    createdBy: z.string(),
    expiresAt: timeSchema.nullable(),
    lastUsedAt: timeSchema.nullable(),
    revokedAt: timeSchema.nullable(),
  })
  .meta({ id: 'Token' });

/** The only answer that ever holds a token's text. */
export const tokenCreatedSchema = z.object({ ...tokenSchema.shape, token: z.string() }).meta({ id: 'TokenCreated' });

export const auditEntrySchema = z
  .object({
    id: z.int(),
    at: timeSchema,
    actor: z.string(),
    action: z.string(),
    target: z.string(),
    from: z.string().nullable().describe('Address of the caller.'),
    before: jsonSchema.describe('Secrets by reference; null when there was nothing.'),
    after: jsonSchema,
    hash: z.string().describe('SHA-256 over this entry and the hash of the one before it.'),
  })
  .meta({ id: 'AuditEntry' });

export const secretNameSchema = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be letters, digits, ".", "_" and "-"');

export const secretSetSchema = z.strictObject({ value: z.string().max(65_536) }).meta({ id: 'SecretSet' });

/** A secret as it is ever shown: its value never leaves by the API. */
export const secretSchema = z
  .object({ name: z.string(), version: z.int(), createdAt: timeSchema, updatedAt: timeSchema })
  .meta({ id: 'Secret' });
