import { disruptions } from '@formwork/core';
import { z } from 'zod';
import { jsonObjectSchema, jsonSchema, listOf, timeSchema } from './scalars.ts';

export const packSchema = z
  .object({
    name: z.string(),
    version: z.string(),
    summary: z.string(),
    digest: z.string(),
    packs: z.record(z.string(), z.string()).describe('Version ranges of the packs it builds on.'),
    roles: listOf(z.string()),
    workflows: listOf(z.string()),
    profiles: listOf(z.string()),
    uploadedAt: timeSchema,
  })
  .meta({ id: 'Pack' });

const paramDeclarationSchema = z.object({
  fullName: z.string(),
  schema: jsonObjectSchema,
  default: z.exactOptional(jsonSchema),
  disruption: z.enum(disruptions),
  secret: z.boolean(),
  immutable: z.boolean(),
  scope: z.enum(['site', 'any']),
});

const outputDeclarationSchema = z.object({
  name: z.string(),
  schema: jsonObjectSchema,
  secret: z.boolean(),
});

export const roleSchema = z
  .object({
    name: z.string(),
    pack: z.string(),
    packVersion: z.string(),
    summary: z.string(),
    kind: z.enum(['state', 'task', 'test']),
    placement: z.enum(['each', 'once', 'rest', 'deployment']),
    executor: z.string(),
    digest: z.string(),
    requires: listOf(z.object({ role: z.string(), outputs: listOf(z.string()) })),
    needs: listOf(z.object({ role: z.string(), from: z.string(), outputs: listOf(z.string()), tracked: z.boolean() })),
    after: listOf(z.string()),
    provides: listOf(z.string()),
    facts: listOf(z.string()),
    steps: listOf(z.string()),
    params: listOf(paramDeclarationSchema).describe("Its own and the shared ones it reads, with each value's schema."),
    outputs: listOf(outputDeclarationSchema),
    timeoutMs: z.int(),
  })
  .meta({ id: 'Role' });

const stageItemSchema = z.object({ role: z.string(), as: z.string(), params: z.record(z.string(), jsonSchema) });

export const workflowSchema = z
  .object({
    name: z.string(),
    pack: z.string(),
    packVersion: z.string(),
    summary: z.string(),
    slots: z.record(z.string(), z.object({ min: z.int(), max: z.int().nullable(), oddAdvised: z.boolean() })),
    stages: listOf(
      z.object({
        name: z.string(),
        barrier: z.boolean(),
        onFailure: z.enum(['stop-node', 'continue']),
        deployment: listOf(stageItemSchema),
        nodes: z.record(z.string(), listOf(stageItemSchema)),
      }),
    ),
  })
  .meta({ id: 'Workflow' });

export const profileSchema = z
  .object({ name: z.string(), pack: z.string(), packVersion: z.string(), params: z.record(z.string(), jsonSchema) })
  .meta({ id: 'Profile' });
