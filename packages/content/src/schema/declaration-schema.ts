import { durationSchema } from './name-schema.ts';

/** One declared parameter: a JSON Schema of its value, and Formwork's own keys beside it. */
const paramDeclarationSchema = {
  type: 'object',
  properties: {
    default: true,
    description: { type: 'string' },
    disruption: { enum: ['none', 'restart', 'drain', 'reboot', 'rebuild'] },
    secret: { type: 'boolean' },
    immutable: { type: 'boolean' },
    scope: { enum: ['site', 'any'] },
    path: true,
  },
} as const;

export const paramDeclarationsSchema = {
  type: 'object',
  maxProperties: 200,
  propertyNames: {
    pattern: '^[A-Za-z][A-Za-z0-9_-]{0,62}$',
    description: 'a parameter begins with a letter; letters, digits, hyphens and underscores follow',
  },
  additionalProperties: paramDeclarationSchema,
} as const;

/** One declared output: a JSON Schema of its value, and Formwork's own keys beside it. */
export const outputDeclarationsSchema = {
  type: 'object',
  maxProperties: 100,
  propertyNames: {
    pattern: '^[A-Za-z][A-Za-z0-9_-]{0,62}$',
    description: 'an output begins with a letter; letters, digits, hyphens and underscores follow',
  },
  additionalProperties: {
    type: 'object',
    required: ['type'],
    properties: {
      type: true,
      secret: { type: 'boolean' },
      ttl: durationSchema,
      minRemaining: durationSchema,
      value: true,
      example: true,
    },
  },
} as const;
