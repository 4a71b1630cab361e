import type { Json, PathSegment, Problem } from '@formwork/core';
import { isJsonObject, jsonPath } from '@formwork/core';

const namespacePattern = /^[a-z][a-z0-9-]{0,38}[a-z0-9]$/;
const namePattern = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;

/** One layer of parameters by full name, from `{etcd: {dataDir: x}}` or `{"etcd.dataDir": x}`. Problems are added to the list. */
export function paramLayer(
  layer: Json | undefined,
  path: readonly PathSegment[],
  problems: Problem[],
): Readonly<Record<string, Json>> {
  const values = new Map<string, Json>();
  const set = (namespace: string, name: string, value: Json, at: readonly PathSegment[]): void => {
    const fullName = `${namespace}.${name}`;
    if (!namespacePattern.test(namespace) || !namePattern.test(name)) {
      problems.push({
        code: 'bad-name',
        path: jsonPath(at),
        message: `'${fullName}' is no parameter name`,
        remedy: 'a parameter is named by its role or pack and its own name: etcd.dataDir',
      });
    } else if (values.has(fullName)) {
      problems.push({
        code: 'duplicate-param',
        path: jsonPath(at),
        message: `the parameter '${fullName}' is set twice in one layer`,
        remedy: 'keep one of the two',
      });
    } else values.set(fullName, value);
  };
  if (!isJsonObject(layer)) return {};
  for (const [key, value] of Object.entries(layer)) {
    const dot = key.indexOf('.');
    if (dot > 0) set(key.slice(0, dot), key.slice(dot + 1), value, [...path, key]);
    else if (isJsonObject(value)) {
      for (const [name, inner] of Object.entries(value)) set(key, name, inner, [...path, key, name]);
    } else {
      problems.push({
        code: 'wrong-type',
        path: jsonPath([...path, key]),
        message: `'${key}' is a namespace and must hold parameters by name`,
        remedy: `write ${key}: {<parameter>: <value>}`,
      });
    }
  }
  return Object.fromEntries([...values].sort(([a], [b]) => (a < b ? -1 : 1)));
}
