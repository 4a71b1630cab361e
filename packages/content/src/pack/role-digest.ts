import { createHash } from 'node:crypto';
import type { Json, RoleDefinition } from '@formwork/core';
import { canonicalJson } from '@formwork/core';
import { withoutKeys } from '../document/read-json.ts';

/** SHA-256 of a text or canonical JSON, lower-case hex. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * What a role does, as one hash: steps, files, schemas of parameters and outputs, what it consumes, and its executor.
 * Not in it: summary, limits, timeout, retry, defaults and examples, so that changing those makes nothing stale.
 */
export function roleDigest(role: RoleDefinition, files: Readonly<Record<string, string>>): string {
  const document: Json = {
    kind: role.kind,
    placement: role.placement,
    executor: role.executor,
    pki: role.pki === null ? null : { ...role.pki },
    http: role.http === null ? null : { ...role.http },
    steps: { ...role.steps },
    rendered: role.files.map(({ from, to }) => ({ from, to })),
    files: Object.fromEntries(
      Object.entries(files)
        .filter(([path]) => !/^readme(\.|$)/i.test(path))
        .map(([path, content]) => [path, sha256(content)]),
    ),
    params: role.params
      .map(({ fullName, schema, secret }) => ({ fullName, schema: withoutKeys(schema, words), secret }))
      .sort(byText),
    uses: [...role.uses].sort(),
    outputs: role.outputs
      .map(({ name, schema, secret, value }) => ({
        name,
        schema: withoutKeys(schema, words),
        secret,
        ...(value === undefined ? {} : { value }),
      }))
      .sort(byText),
    requires: role.requires
      .filter(({ outputs }) => outputs.length > 0)
      .map(({ role: of, outputs }) => ({ of, outputs })),
    needs: role.needs.map(({ role: of, from, outputs, tracked }) => ({ of, from, outputs, tracked })),
  };
  return sha256(canonicalJson(document));
}

const words = new Set(['title', 'description', 'examples']);

const byText = (a: Json, b: Json): number => (canonicalJson(a) < canonicalJson(b) ? -1 : 1);
