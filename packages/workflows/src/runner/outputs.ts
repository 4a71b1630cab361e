import { isJsonArray, isJsonObject } from '@formwork/core';
import type { Checked, Json, JsonObject, OutputDeclaration, Problem } from '@formwork/core';

/** What a script left: out.json as text, and its leaf files as they are, by name. */
export interface WrittenOutputs {
  readonly outJson: string | null;
  readonly leaves: Readonly<Record<string, string>>;
}

/** Merges out.json and the leaf files; a leaf wins. One trailing newline of a leaf is not part of its value. */
export function readOutputs(written: WrittenOutputs): Checked<JsonObject> {
  const merged: Record<string, Json> = {};
  if (written.outJson !== null && written.outJson.trim() !== '') {
    const parsed = parseJson(written.outJson);
    if (!isJsonObject(parsed)) {
      return { ok: false, problems: [problem('outputs-not-json', '$', 'out.json is not one JSON object')] };
    }
    Object.assign(merged, parsed);
  }
  for (const [name, text] of Object.entries(written.leaves)) merged[name] = text.replace(/\r?\n$/, '');
  return { ok: true, value: merged };
}

/**
 * Types what a step wrote by the role's declarations and finds what is missing: a step that ends without every declared
 * output has failed. Text becomes the declared number, boolean, list or object. Outputs with a `value` are the engine's
 * own and not expected here; what nobody declared is dropped. Messages name outputs and never quote them.
 */
export function checkOutputs(declarations: readonly OutputDeclaration[], values: JsonObject): Checked<JsonObject> {
  const problems: Problem[] = [];
  const typed: Record<string, Json> = {};
  for (const { name, schema, value: computed } of declarations) {
    if (computed !== undefined) continue;
    const written = values[name];
    if (written === undefined || written === null) {
      problems.push(problem('output-missing', `$.${name}`, `the step ended without writing its output "${name}"`));
      continue;
    }
    const wanted = wantedTypes(schema['type'] ?? null);
    const fitting = typeof written === 'string' ? fromText(written, wanted) : written;
    if (wanted.length === 0 || wanted.some((type) => isOfType(fitting, type))) {
      typed[name] = fitting;
    } else {
      problems.push(
        problem('output-wrong-type', `$.${name}`, `output "${name}" is not of type ${wanted.join(' or ')}`),
      );
    }
  }
  return problems.length === 0 ? { ok: true, value: typed } : { ok: false, problems };
}

function wantedTypes(type: Json): readonly string[] {
  if (typeof type === 'string') return [type];
  return isJsonArray(type) ? type.filter((one) => typeof one === 'string') : [];
}

function fromText(text: string, wanted: readonly string[]): Json {
  if (wanted.length === 0 || wanted.includes('string')) return text;
  const parsed = parseJson(text.trim());
  return parsed === undefined ? text : parsed;
}

function isOfType(value: Json, type: string): boolean {
  switch (type) {
    case 'array':
      return isJsonArray(value);
    case 'object':
      return isJsonObject(value);
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value);
    case 'null':
      return value === null;
    default:
      return typeof value === type;
  }
}

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

const problem = (code: string, path: string, message: string): Problem => ({ code, path, message });
