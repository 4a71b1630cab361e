import {
  countOrPercentSchema,
  durationSchema,
  labelsSchema,
  nameListSchema,
  nameSchema,
  paramLayerSchema,
  rangeSchema,
} from './name-schema.ts';

const sizeSchema = {
  anyOf: [
    { type: 'null' },
    { type: 'string', minLength: 1, maxLength: 100 },
    {
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      properties: {
        cpus: { type: 'integer', minimum: 1, maximum: 4096 },
        memoryGiB: { type: 'number', exclusiveMinimum: 0, maximum: 65536 },
        diskGiB: { type: 'number', exclusiveMinimum: 0, maximum: 1048576 },
        gpu: { type: 'integer', minimum: 0, maximum: 64 },
        arch: { enum: ['amd64', 'arm64'] },
      },
    },
  ],
} as const;

const groupSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'roles', 'count', 'site'],
  properties: {
    name: nameSchema,
    roles: { ...nameListSchema, minItems: 1 },
    count: { type: 'integer', minimum: 1, maximum: 5000 },
    site: nameSchema,
    image: { type: ['string', 'null'], minLength: 1, maxLength: 100 },
    size: sizeSchema,
    capabilities: {
      type: 'array',
      uniqueItems: true,
      maxItems: 64,
      items: { type: 'string', minLength: 1, maxLength: 64 },
    },
    labels: labelsSchema,
    params: paramLayerSchema,
    nodes: {
      type: 'object',
      maxProperties: 5000,
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        properties: { params: paramLayerSchema, labels: labelsSchema },
      },
    },
    omit: { type: 'array', uniqueItems: true, maxItems: 5000, items: { type: 'integer', minimum: 1, maximum: 100000 } },
    maxUnavailable: countOrPercentSchema,
    maxFailed: countOrPercentSchema,
    drain: { type: 'string', maxLength: 64 },
  },
} as const;

/** JSON Schema of a deployment's specification, format 1. */
export const specificationSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Formwork specification of a deployment',
  type: 'object',
  additionalProperties: false,
  required: ['name', 'workflow', 'groups'],
  properties: {
    formwork: { const: 1 },
    name: nameSchema,
    workflow: nameSchema,
    packs: { type: 'object', maxProperties: 64, propertyNames: nameSchema, additionalProperties: rangeSchema },
    profiles: nameListSchema,
    params: paramLayerSchema,
    groups: { type: 'array', minItems: 1, maxItems: 200, items: groupSchema },
    converge: { enum: ['manual', 'auto'] },
    priority: { type: 'integer', minimum: -1000, maximum: 1000 },
    ttl: durationSchema,
  },
} as const;
