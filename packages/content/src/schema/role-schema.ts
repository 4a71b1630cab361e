import { outputDeclarationsSchema, paramDeclarationsSchema } from './declaration-schema.ts';
import { durationSchema, nameListSchema, nameSchema, rangeSchema } from './name-schema.ts';

const outputNames = {
  type: 'array',
  items: { type: 'string', minLength: 1, maxLength: 63 },
  uniqueItems: true,
} as const;
const texts = { type: 'array', items: { type: 'string', minLength: 1, maxLength: 1000 }, maxItems: 100 } as const;
const fullName = {
  type: 'string',
  pattern: '^[a-z][a-z0-9-]{0,38}[a-z0-9]\\.[A-Za-z][A-Za-z0-9_-]{0,62}$',
  description: 'a shared parameter is named in full: <pack or role>.<parameter>',
} as const;
const fileName = {
  type: 'string',
  pattern: '^(?!\\.\\.?(/|$))[A-Za-z0-9._-]+(/(?!\\.\\.?(/|$))[A-Za-z0-9._-]+)*$',
  maxLength: 200,
  description: 'a file is named relative to the role folder, without .. and spaces',
} as const;
const object = { type: 'object', additionalProperties: false } as const;
const disruption = { enum: ['none', 'restart', 'drain', 'reboot', 'rebuild'] } as const;

const requirement = {
  anyOf: [nameSchema, { ...object, required: ['role'], properties: { role: nameSchema, outputs: outputNames } }],
} as const;

const need = {
  ...object,
  required: ['role', 'from'],
  properties: {
    role: nameSchema,
    from: { enum: ['all', 'any', 'one', 'founders', 'peers'] },
    outputs: outputNames,
    tracked: { type: 'boolean' },
    on: { enum: ['create', 'change', 'both'] },
    min: {
      anyOf: [
        { type: 'integer', minimum: 1, maximum: 5000 },
        { type: 'string', const: 'quorum' },
      ],
    },
    optional: { type: 'boolean' },
  },
} as const;

const pki = {
  ...object,
  required: ['make', 'commonName'],
  properties: {
    make: { enum: ['authority', 'leaf'] },
    issuer: nameSchema,
    commonName: { type: 'string', minLength: 1, maxLength: 500 },
    dns: texts,
    ip: texts,
    days: { type: 'integer', minimum: 1, maximum: 36500 },
  },
} as const;

const http = {
  ...object,
  required: ['url'],
  properties: {
    url: { type: 'string', minLength: 1, maxLength: 2000 },
    method: { enum: ['GET', 'POST'] },
    expectStatus: { type: 'integer', minimum: 100, maximum: 599 },
    timeout: durationSchema,
  },
} as const;

const steps = {
  ...object,
  properties: {
    check: fileName,
    apply: fileName,
    verify: fileName,
    refresh: fileName,
    revoke: fileName,
    remove: fileName,
    evict: fileName,
  },
} as const;

const limits = {
  ...object,
  properties: {
    max: {
      anyOf: [
        { type: 'integer', minimum: 1, maximum: 5000 },
        {
          type: 'string',
          pattern: '^(100|[1-9][0-9]?)%$',
          description: 'write a number from 1 or a percentage such as 25%',
        },
      ],
    },
    lock: {
      anyOf: [
        nameSchema,
        {
          ...object,
          required: ['name'],
          properties: { name: nameSchema, scope: { enum: ['deployment', 'site', 'global'] } },
        },
      ],
    },
  },
} as const;

const retry = {
  ...object,
  properties: {
    attempts: { type: 'integer', minimum: 1, maximum: 100 },
    backoff: durationSchema,
    on: {
      type: 'array',
      uniqueItems: true,
      items: {
        enum: ['unreachable', 'transient', 'lost', 'failed', 'timeout', 'capacity', 'throttled', 'unavailable'],
      },
    },
  },
} as const;

/** JSON Schema of `roles/<role>/role.yaml`. */
export const roleSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Formwork role',
  ...object,
  properties: {
    summary: { type: 'string', maxLength: 300 },
    description: { type: 'string', maxLength: 20000 },
    kind: { enum: ['state', 'task', 'test'] },
    placement: { enum: ['each', 'once', 'rest', 'deployment'] },
    restOf: nameSchema,
    runsOn: nameSchema,
    requires: { type: 'array', items: requirement, maxItems: 100 },
    needs: { type: 'array', items: need, maxItems: 100 },
    after: nameListSchema,
    provides: nameListSchema,
    conflicts: nameListSchema,
    facts: {
      type: 'array',
      uniqueItems: true,
      maxItems: 100,
      items: {
        type: 'string',
        pattern: '^[A-Za-z][A-Za-z0-9_]{0,62}$',
        description: 'a fact is one word: address, memoryGiB',
      },
    },
    when: { type: 'string', minLength: 1, maxLength: 1000 },
    executor: { enum: ['script', 'pki', 'http', 'noop', 'provider', 'ansible', 'helm', 'kubectl'] },
    pki,
    http,
    steps,
    files: {
      type: 'array',
      maxItems: 200,
      items: { ...object, required: ['from', 'to'], properties: { from: fileName, to: fileName } },
    },
    params: paramDeclarationsSchema,
    uses: { type: 'array', items: fullName, uniqueItems: true, maxItems: 200 },
    outputs: outputDeclarationsSchema,
    limits,
    cluster: {
      ...object,
      required: ['founding'],
      properties: { founding: { enum: ['parallel', 'serial'] }, quorum: { enum: ['majority', 'none'] } },
    },
    lane: nameSchema,
    timeout: durationSchema,
    retry,
    disruptionHandler: { type: 'object' },
    upgrades: {
      type: 'array',
      maxItems: 100,
      items: {
        ...object,
        required: ['from'],
        properties: { from: rangeSchema, disruption, rerun: { type: 'boolean' } },
      },
    },
    removeOnDestroy: { type: 'boolean' },
  },
} as const;
