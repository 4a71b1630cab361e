import { z } from 'zod';
import { jsonObjectSchema, jsonSchema, listOf, nameSchema, timeSchema } from './scalars.ts';

const siteFields = {
  configuration: jsonObjectSchema.describe("The provider's own; its problems come back with their paths."),
  credentials: z.string().nullable().describe('Name of a secret; values are never part of a site.'),
  params: z.record(z.string(), jsonSchema).describe('The site layer, by full parameter name.'),
  maxNodes: z.int().min(0).nullable(),
};

export const siteCreateSchema = z
  .strictObject({
    name: nameSchema,
    provider: z.string().min(1),
    configuration: siteFields.configuration.default({}),
    credentials: siteFields.credentials.default(null),
    params: siteFields.params.default({}),
    maxNodes: siteFields.maxNodes.default(null),
  })
  .meta({ id: 'SiteCreate' });

export const sitePatchSchema = z
  .strictObject({
    configuration: siteFields.configuration.optional(),
    credentials: siteFields.credentials.optional(),
    params: z.record(z.string(), jsonSchema).optional(),
    maxNodes: siteFields.maxNodes.optional(),
  })
  .meta({ id: 'SitePatch' });

export const siteCheckSchema = z
  .object({
    ok: z.boolean(),
    at: timeSchema,
    problems: listOf(z.object({ path: z.string(), message: z.string(), remedy: z.string() })),
    notes: listOf(z.string()),
  })
  .meta({ id: 'SiteCheck' });

export const siteSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    provider: z.string(),
    ...siteFields,
    nodes: z.int().min(0).describe('Living nodes.'),
    lastCheck: siteCheckSchema.nullable(),
    problems: listOf(
      z.object({
        code: z.string().describe('other-dhcp-server, boot-process-failed and the like.'),
        subject: z.string().describe('What it is about: an address, a process.'),
        message: z.string(),
        firstAt: timeSchema,
        lastAt: timeSchema,
        times: z.int(),
      }),
    ).describe('What is wrong there now, as the workers that serve it see it.'),
    version: z.int(),
    createdAt: timeSchema,
    updatedAt: timeSchema,
  })
  .meta({ id: 'Site' });

export const catalogueSchema = z
  .object({
    at: timeSchema,
    images: listOf(z.object({ name: z.string(), arch: z.string(), description: z.string() })),
    sizes: listOf(
      z.object({
        name: z.string(),
        cpus: z.number(),
        memoryGib: z.number(),
        diskGib: z.number().nullable(),
        hourlyPrice: z.number().nullable(),
      }),
    ),
    custom: z.object({ maxCpus: z.number(), maxMemoryGib: z.number(), maxDiskGib: z.number() }).nullable(),
    zones: listOf(z.string()),
    capabilities: listOf(z.string()),
    quota: z.object({ nodes: z.int().nullable(), used: z.int() }),
    pool: z.int(),
  })
  .meta({ id: 'Catalogue' });
export type SiteResponse = z.output<typeof siteSchema>;
