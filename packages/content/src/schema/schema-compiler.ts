import type { Checked, JsonObject } from '@formwork/core';
import { canonicalJson } from '@formwork/core';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const maxSchemas = 2000;

/** Compiles a JSON Schema 2020-12, or says in one sentence why it is none. */
export type CompileSchema = (schema: JsonObject) => Checked<ValidateFunction>;

/**
 * A compiler with a cache by the schema's text. It starts anew after 2,000 schemas, because Ajv itself never forgets
 * one. Unknown keywords are refused, so that a misspelt `minimun` is found.
 */
export function createSchemaCompiler(): CompileSchema {
  let ajv = newAjv();
  let compiled = new Map<string, Checked<ValidateFunction>>();
  return (schema) => {
    const text = canonicalJson(schema);
    const known = compiled.get(text);
    if (known !== undefined) return known;
    if (compiled.size >= maxSchemas) {
      ajv = newAjv();
      compiled = new Map();
    }
    const result = compile(ajv, schema);
    compiled.set(text, result);
    return result;
  };
}

function compile(ajv: Ajv2020, schema: JsonObject): Checked<ValidateFunction> {
  try {
    return { ok: true, value: ajv.compile(schema) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, problems: [{ code: 'bad-schema', path: '$', message: `no valid JSON Schema: ${message}` }] };
  }
}

function newAjv(): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: true,
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allowUnionTypes: true,
    addUsedSchema: false,
    messages: true,
    logger: false,
  });
  addFormats.default(ajv);
  return ajv;
}
