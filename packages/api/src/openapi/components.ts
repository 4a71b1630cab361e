import { z } from 'zod';

type Description = Record<string, unknown>;

/** Collects named schemas while the document is printed, so that each is written once. */
export interface Components {
  /** The schema itself, or a reference when it has an id. */
  readonly describe: (schema: z.ZodType, direction: 'request' | 'answer') => Description;
  readonly schemas: () => Description;
}

export function createComponents(): Components {
  const named = new Map<string, unknown>();
  return {
    describe: (schema, direction) => {
      const printed: Description = { ...printSchema(schema, direction) };
      const definitions = printed['$defs'];
      Reflect.deleteProperty(printed, '$defs');
      Reflect.deleteProperty(printed, '$schema');
      for (const [id, definition] of Object.entries(isDescription(definitions) ? definitions : {})) {
        named.set(id, withoutId(moveReferences(definition)));
      }
      const own = moveReferences(printed);
      const id = schema.meta()?.id;
      if (id === undefined || own['$ref'] !== undefined) return own;
      named.set(id, withoutId(own));
      return { $ref: `#/components/schemas/${id}` };
    },
    schemas: () => Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

const printSchema = (schema: z.ZodType, direction: 'request' | 'answer') =>
  z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: direction === 'request' ? 'input' : 'output',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => tidy(jsonSchema, direction),
  });

const isDescription = (value: unknown): value is Description => typeof value === 'object' && value !== null;

/** Takes out what is about our parser and not about the wire. */
function tidy(schema: Description, direction: 'request' | 'answer'): void {
  const shown = schema['openapi'];
  if (isDescription(shown)) {
    const description = schema['description'];
    for (const key of Object.keys(schema)) Reflect.deleteProperty(schema, key);
    Object.assign(schema, shown, description === undefined ? {} : { description });
  }
  Reflect.deleteProperty(schema, 'readOnly');
  // Clients must bear new fields in answers; only strict requests are closed.
  if (direction === 'answer' && schema['additionalProperties'] === false) {
    Reflect.deleteProperty(schema, 'additionalProperties');
  }
}

function withoutId(schema: unknown): unknown {
  if (!isDescription(schema)) return schema;
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== 'id' && key !== '$id'));
}

/** JSON Schema's own place for definitions, turned into OpenAPI's. */
function moveReferences(schema: unknown): Description {
  const text = JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/');
  const moved: unknown = JSON.parse(text);
  return isDescription(moved) ? moved : {};
}
