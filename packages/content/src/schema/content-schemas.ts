import type { JsonObject } from '@formwork/core';
import { packSchema, profileSchema } from './pack-schema.ts';
import { roleSchema } from './role-schema.ts';
import { specificationSchema } from './specification-schema.ts';
import { workflowSchema } from './workflow-schema.ts';

export type ContentDocument = 'pack' | 'role' | 'workflow' | 'profile' | 'specification';

/** JSON Schemas (2020-12) of every document a person writes: for editors, and the linter's first layer. */
export function contentSchemas(): Readonly<Record<ContentDocument, JsonObject>> {
  return {
    pack: packSchema,
    role: roleSchema,
    workflow: workflowSchema,
    profile: profileSchema,
    specification: specificationSchema,
  };
}
