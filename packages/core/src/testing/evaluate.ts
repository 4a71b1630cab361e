import { isJsonArray, isJsonObject } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';

/** As much of the template language as the fixtures use: paths and `map`, strict about missing names. */
export function evaluate(value: Json, scope: JsonObject): Json {
  if (typeof value !== 'string') {
    if (value === null || typeof value !== 'object') return value;
    if (isJsonArray(value)) return value.map((item) => evaluate(item, scope));
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, evaluate(item, scope)]));
  }
  const whole = /^\{\{([^}]*)\}\}$/.exec(value);
  if (whole !== null) return expression(whole[1] ?? '', scope);
  return value.replaceAll(/\{\{([^}]*)\}\}/g, (_all, inner: string) => {
    const part = expression(inner, scope);
    return typeof part === 'string' ? part : JSON.stringify(part);
  });
}

function expression(text: string, scope: JsonObject): Json {
  const [path, filter] = text.split('|').map((part) => part.trim());
  const value = (path ?? '').split('.').reduce<Json>((at, name) => {
    const next = isJsonObject(at) ? at[name] : undefined;
    if (next === undefined) throw new Error(`${name} is missing in ${text}`);
    return next;
  }, scope);
  const map = /^map: '(.*)'$/.exec(filter ?? '');
  if (map === null) return value;
  // Like the real filter, it is not strict about the items: whoever asks must not pass a list with holes.
  return isJsonArray(value) ? value.map((item) => (isJsonObject(item) ? (item[map[1] ?? ''] ?? null) : null)) : null;
}
