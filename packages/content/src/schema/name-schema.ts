/** Shared pieces of the document schemas; `description` becomes the remedy of a wrong form. */
export const nameSchema = {
  type: 'string',
  pattern: '^[a-z][a-z0-9-]{0,38}[a-z0-9]$',
  description:
    'a name has 2 to 40 lower-case letters, digits and hyphens, begins with a letter and ends without hyphen',
} as const;

export const durationSchema = {
  type: 'string',
  pattern: '^[1-9][0-9]{0,8}(ms|s|m|h|d)$',
  description: 'write a whole number and a unit: 500ms, 5s, 10m, 2h, 90d',
} as const;

export const nameListSchema = { type: 'array', items: nameSchema, uniqueItems: true, maxItems: 200 } as const;

export const rangeSchema = {
  type: 'string',
  minLength: 1,
  maxLength: 100,
  description: 'a version range such as ^1 or >=1.2 <2',
} as const;

/** `{etcd: {dataDir: x}}` or `{"etcd.dataDir": x}`; the two forms may be mixed. */
export const paramLayerSchema = { type: 'object', maxProperties: 1000 } as const;

export const labelsSchema = {
  type: 'object',
  maxProperties: 64,
  additionalProperties: { type: 'string', maxLength: 256 },
  propertyNames: {
    pattern: '^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$',
    description: 'a label has at most 63 letters, digits, dots, slashes, underscores and hyphens',
  },
} as const;

export const countOrPercentSchema = {
  anyOf: [
    { type: 'integer', minimum: 0, maximum: 5000 },
    { type: 'string', pattern: '^(100|[1-9]?[0-9])%$', description: 'write a number or a percentage such as 25%' },
  ],
} as const;
