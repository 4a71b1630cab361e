import { isJsonArray, isJsonObject } from '@formwork/core';
import type { Json, JsonObject } from '@formwork/core';

/** The keys that lead to a value; array positions as decimal text. */
export type KeyPath = readonly string[];

export function children(value: Json | undefined): readonly (readonly [string, Json])[] {
  if (value === undefined || value === null) return [];
  if (isJsonArray(value)) return value.map((item, index) => [String(index), item] as const);
  return isJsonObject(value) ? Object.entries(value) : [];
}

/**
 * Finds every place in `value` that `path` may mean. A JSON pointer (`/params/x.password`) is exact; a dotted path is
 * tried against the keys that are there, since a parameter's own name has dots. A path that leads nowhere finds
 * nothing: an optional secret may be absent.
 */
export function resolveSecretPath(value: JsonObject, path: string): readonly KeyPath[] {
  if (path.startsWith('/')) {
    const keys = path
      .slice(1)
      .split('/')
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    return leadsSomewhere(value, keys) ? [keys] : [];
  }
  return descend(value, path);
}

function descend(value: Json, rest: string): readonly KeyPath[] {
  return children(value).flatMap(([key, child]): readonly KeyPath[] => {
    if (rest === key) return [[key]];
    return rest.startsWith(`${key}.`) ? descend(child, rest.slice(key.length + 1)).map((tail) => [key, ...tail]) : [];
  });
}

function leadsSomewhere(value: Json, keys: KeyPath): boolean {
  const [first, ...rest] = keys;
  if (first === undefined) return true;
  const child = children(value).find(([key]) => key === first);
  return child !== undefined && leadsSomewhere(child[1], rest);
}

/** Every secret of `inputs` as text, the way it may turn up in a log. What stands under a top `secret` key is secret. */
export function secretValues(inputs: JsonObject, secretPaths: readonly string[]): readonly string[] {
  const roots = [...secretPaths, '/secret'].flatMap((path) => resolveSecretPath(inputs, path));
  const found = new Set<string>();
  for (const keys of roots) collect(at(inputs, keys), found);
  return [...found];
}

function at(value: Json, keys: KeyPath): Json {
  let current: Json = value;
  for (const key of keys) current = children(current).find(([name]) => name === key)?.[1] ?? null;
  return current;
}

function collect(value: Json, into: Set<string>): void {
  if (typeof value === 'string' || typeof value === 'number') into.add(String(value));
  else for (const [, child] of children(value)) collect(child, into);
}
