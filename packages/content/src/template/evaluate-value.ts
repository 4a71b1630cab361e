import type { Json, JsonObject } from '@formwork/core';
import { FormworkError, isJsonArray } from '@formwork/core';
import { type Liquid, Output } from 'liquidjs';
import { plainJson } from '../document/plain-json.ts';
import { templateEngine, templateError } from './template-engine.ts';
import { withNamespaces } from './template-scope.ts';

/**
 * A declared value with its templates filled in, at any depth. A string that is one whole `{{ expression }}` keeps the
 * type of what it names; any other string is text. Throws FormworkError `template-failed` naming the expression.
 */
export function evaluateValue(value: Json, scope: JsonObject, engine: Liquid = templateEngine): Json {
  return evaluate(value, withNamespaces(scope), engine);
}

function evaluate(value: Json, scope: JsonObject, engine: Liquid): Json {
  if (typeof value === 'string') return evaluateText(value, scope, engine);
  if (value === null || typeof value !== 'object') return value;
  if (isJsonArray(value)) return value.map((item) => evaluate(item, scope, engine));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, evaluate(item, scope, engine)]));
}

function evaluateText(source: string, scope: JsonObject, engine: Liquid): Json {
  if (!source.includes('{{') && !source.includes('{%')) return source;
  const where = `cannot evaluate '${source.length > 200 ? `${source.slice(0, 197)}...` : source}'`;
  try {
    const expression = wholeExpression(source, engine);
    if (expression === null) return String(engine.parseAndRenderSync(source, scope));
    const found: unknown = engine.evalValueSync(expression, scope);
    if (found === undefined) throw new Error('it has no value');
    const plain = plainJson(found);
    if (plain.ok) return plain.value;
    throw new Error('it is no JSON value');
  } catch (error) {
    if (error instanceof FormworkError) throw error;
    throw templateError(error, where);
  }
}

/** The expression of a string that is one `{{ }}` and nothing else; null for all others. */
function wholeExpression(source: string, engine: Liquid): string | null {
  if (!source.startsWith('{{') || !source.endsWith('}}')) return null;
  const parts = engine.parse(source);
  if (parts.length !== 1 || !(parts[0] instanceof Output)) return null;
  return source.slice(2, -2).replace(/^-/, '').replace(/-$/, '').trim();
}
