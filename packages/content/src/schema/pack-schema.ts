import { paramDeclarationsSchema } from './declaration-schema.ts';
import { nameSchema, paramLayerSchema, rangeSchema } from './name-schema.ts';

/** JSON Schema of `pack.yaml`. */
export const packSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Formwork content pack',
  type: 'object',
  additionalProperties: false,
  required: ['name', 'version'],
  properties: {
    name: nameSchema,
    version: { type: 'string', maxLength: 100 },
    summary: { type: 'string', maxLength: 300 },
    description: { type: 'string', maxLength: 20000 },
    packs: { type: 'object', maxProperties: 64, propertyNames: nameSchema, additionalProperties: rangeSchema },
    params: paramDeclarationsSchema,
  },
} as const;

/** JSON Schema of `profiles/<name>.yaml`. */
export const profileSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Formwork profile',
  type: 'object',
  additionalProperties: false,
  required: ['params'],
  properties: { summary: { type: 'string', maxLength: 300 }, params: paramLayerSchema },
} as const;
