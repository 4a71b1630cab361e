import type { Json, JsonObject, Problem } from '@formwork/core';
import type { CompileSchema } from './schema-compiler.ts';
import { createSchemaCompiler } from './schema-compiler.ts';
import { schemaProblems } from './schema-problems.ts';

/** What is wrong with a value by its JSON Schema; paths are relative to the value, `$` being itself. */
export type CheckValue = (schema: JsonObject, value: Json) => Problem[];

/** A checker with a compiler, and so a cache, of its own. */
export function createCheckValue(compile: CompileSchema = createSchemaCompiler()): CheckValue {
  return (schema, value) => {
    const validate = compile(schema);
    if (!validate.ok) return [...validate.problems];
    if (validate.value(value)) return [];
    return schemaProblems(validate.value.errors ?? [], value);
  };
}

/** The shared checker: its only state is the cache of compiled schemas. */
export const checkValue: CheckValue = createCheckValue();
