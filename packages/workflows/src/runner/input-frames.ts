import { isJsonArray, isJsonObject } from '@formwork/core';
import type { Json, JsonObject } from '@formwork/core';
import type { ScriptLaunch } from './script-launch.ts';
import { children, resolveSecretPath } from './secret-paths.ts';

/** A file of the attempt's directory, by its path relative to $FW_DIR. */
export interface InputFile {
  readonly path: string;
  readonly content: string;
}

export interface InputFrames {
  /** in/inputs.json and the tree in/, previous.json and the tree prev/, files/: no secret of `inputs` in any. */
  readonly normal: readonly InputFile[];
  /** in/secret/...: only the leaves that `secretPaths` name. */
  readonly secret: readonly InputFile[];
}

/**
 * Splits a launch's inputs into the files a script reads: leaf by leaf, without trailing newline; arrays as 0, 1, 2
 * and `count`; null is absent. Secret leaves are only under in/secret, at the mirrored path, and in no JSON document.
 */
export function inputFrames(
  launch: Pick<ScriptLaunch, 'inputs' | 'secretPaths' | 'previous' | 'rendered'>,
): InputFrames {
  const secretRoots = new Set(
    [...launch.secretPaths, '/secret'].flatMap((path) =>
      resolveSecretPath(launch.inputs, path).map((keys) => JSON.stringify(keys)),
    ),
  );
  const normal: InputFile[] = [];
  const secret: InputFile[] = [];
  const open = withoutSecrets(launch.inputs, [], secretRoots);
  normal.push({ path: 'in/inputs.json', content: `${JSON.stringify(open)}\n` });
  const walk = (value: Json, keys: readonly string[], hidden: boolean): void => {
    const isSecret = hidden || secretRoots.has(JSON.stringify(keys));
    const place = keys[0] === 'secret' ? keys.slice(1) : keys;
    const base = isSecret ? ['in', 'secret', ...place] : ['in', ...keys];
    leafFiles(value, base, isSecret ? secret : normal);
    for (const [key, child] of children(value)) walk(child, [...keys, key], isSecret);
  };
  for (const [key, child] of children(launch.inputs)) walk(child, [key], false);
  if (launch.previous !== null) {
    normal.push({ path: 'previous.json', content: `${JSON.stringify(launch.previous)}\n` });
    const back = (value: Json, keys: readonly string[]): void => {
      leafFiles(value, ['prev', ...keys], normal);
      for (const [key, child] of children(value)) back(child, [...keys, key]);
    };
    for (const [key, child] of children(launch.previous)) back(child, [key]);
  }
  for (const [to, content] of Object.entries(launch.rendered)) {
    normal.push({ path: ['files', ...to.split('/').map(safeName)].join('/'), content });
  }
  return { normal, secret };
}

/** The file of this one value, when it has any: a leaf's text, an array's count. */
function leafFiles(value: Json, keys: readonly string[], into: InputFile[]): void {
  const path = keys.map(safeName).join('/');
  if (value === null) return;
  if (isJsonArray(value)) into.push({ path: `${path}/count`, content: String(value.length) });
  else if (!isJsonObject(value)) into.push({ path, content: String(value) });
}

/** A key as one path component: a slash, a NUL or a component that would leave the tree is percent-encoded. */
export function safeName(key: string): string {
  if (key === '' || key === '.' || key === '..') return key === '' ? '%' : key.replaceAll('.', '%2E');
  return key.replaceAll('/', '%2F').split(String.fromCharCode(0)).join('%00');
}

/** A secret member of an object is left out; one of an array becomes null, so that the others keep their places. */
function withoutSecrets(value: Json, keys: readonly string[], roots: ReadonlySet<string>): Json {
  const isSecret = (key: string): boolean => roots.has(JSON.stringify([...keys, key]));
  if (isJsonArray(value)) {
    return value.map((item, index) =>
      isSecret(String(index)) ? null : withoutSecrets(item, [...keys, String(index)], roots),
    );
  }
  if (!isJsonObject(value)) return value;
  const open: Record<string, Json> = {};
  for (const [key, child] of Object.entries(value)) {
    if (!isSecret(key)) open[key] = withoutSecrets(child, [...keys, key], roots);
  }
  return open satisfies JsonObject;
}
