import type { Checked, Json, PathSegment, Problem } from '@formwork/core';
import { jsonPath } from '@formwork/core';

const maxDepth = 64;
const maxValues = 400_000;
const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * A parsed document as plain JSON, or why it is none: values JSON does not know, keys that reach into an object's
 * prototype, nesting deeper than 64 or more than 400,000 values. Cycles end at the depth limit.
 */
export function plainJson(document: unknown): Checked<Json> {
  const problems: Problem[] = [];
  let values = 0;

  const refuse = (path: readonly PathSegment[], code: string, message: string): Json => {
    if (problems.length < 100) problems.push({ code, path: jsonPath(path), message });
    return null;
  };

  const visit = (value: unknown, path: readonly PathSegment[]): Json => {
    values += 1;
    if (values > maxValues) return null;
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value === 'number') {
      return Number.isFinite(value) ? value : refuse(path, 'not-json', `${String(value)} is no JSON number`);
    }
    if (typeof value !== 'object') return refuse(path, 'not-json', `a ${typeof value} is no JSON value`);
    if (path.length >= maxDepth) return refuse(path.slice(0, 8), 'too-deep', `nested deeper than ${maxDepth} levels`);
    if (Array.isArray(value)) return value.map((item: unknown, index) => visit(item, [...path, index]));
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && prototype !== Object.prototype) return refuse(path, 'not-json', 'no plain JSON object');
    const entries: [string, Json][] = [];
    for (const [key, item] of Object.entries(value)) {
      if (forbiddenKeys.has(key)) refuse([...path, key], 'forbidden-key', `the key '${key}' is not allowed anywhere`);
      else entries.push([key, visit(item, [...path, key])]);
    }
    return Object.fromEntries(entries);
  };

  const value = visit(document, []);
  if (values > maxValues) refuse([], 'too-large', `more than ${maxValues} values`);
  return problems.length === 0 ? { ok: true, value } : { ok: false, problems };
}
