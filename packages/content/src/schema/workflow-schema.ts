import { nameSchema, paramLayerSchema } from './name-schema.ts';

const object = { type: 'object', additionalProperties: false } as const;

const items = {
  type: 'array',
  maxItems: 200,
  items: {
    anyOf: [
      nameSchema,
      { ...object, required: ['role'], properties: { role: nameSchema, as: nameSchema, params: paramLayerSchema } },
    ],
  },
} as const;

/** JSON Schema of `workflows/<name>.yaml`. */
export const workflowSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Formwork workflow',
  ...object,
  required: ['slots', 'stages'],
  properties: {
    summary: { type: 'string', maxLength: 300 },
    description: { type: 'string', maxLength: 20000 },
    slots: {
      type: 'object',
      minProperties: 1,
      maxProperties: 64,
      propertyNames: nameSchema,
      additionalProperties: {
        ...object,
        properties: {
          min: { type: 'integer', minimum: 0, maximum: 5000 },
          max: { type: 'integer', minimum: 1, maximum: 5000 },
          oddAdvised: { type: 'boolean' },
        },
      },
    },
    stages: {
      type: 'array',
      minItems: 1,
      maxItems: 100,
      items: {
        ...object,
        required: ['name'],
        properties: {
          name: nameSchema,
          barrier: { type: 'boolean' },
          onFailure: { enum: ['stop-node', 'continue'] },
          deployment: items,
          nodes: {
            type: 'object',
            maxProperties: 64,
            propertyNames: {
              pattern: '^(\\*|[a-z][a-z0-9-]{0,38}[a-z0-9])$',
              description: "a slot of this workflow, or '*' for every group",
            },
            additionalProperties: items,
          },
        },
      },
    },
  },
} as const;
