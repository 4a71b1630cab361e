import type { BodyKind, RouteContract } from '@formwork/api';
import { FormworkError } from '@formwork/core';
import type { FastifyInstance } from 'fastify';

const json = ['application/json'];
const yaml = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'];

/** Media types a body may come as. */
const mediaTypes: Readonly<Record<BodyKind, readonly string[]>> = {
  json,
  'merge-patch': ['application/merge-patch+json', ...json],
  document: [...yaml, ...json],
  archive: ['application/gzip', 'application/x-gzip', 'application/x-tar', 'application/octet-stream'],
};

const mebibyte = 1024 * 1024;

/** Greatest body, bytes. */
export const bodyLimits: Readonly<Record<BodyKind, number>> = {
  json: mebibyte,
  'merge-patch': mebibyte,
  document: 5 * mebibyte,
  archive: 50 * mebibyte,
};

const maxDepth = 100;

export function addBodyParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser([...json, 'application/merge-patch+json'], { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, parseJson(body.toString()));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
  app.addContentTypeParser(yaml, { parseAs: 'string' }, (_request, body, done) => {
    done(null, body.toString());
  });
  app.addContentTypeParser([...mediaTypes.archive], { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
}

/** Throws when the body is of a type that this route does not take; a route without a body takes none of any type. */
export function checkMediaType(contract: RouteContract, contentType: string | undefined): void {
  if (contract.body === undefined) return;
  const allowed = mediaTypes[contract.bodyKind ?? 'json'];
  const given = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (allowed.includes(given)) return;
  const message = `the body must be ${allowed.slice(0, 2).join(' or ')}, not ${given === '' ? 'untyped' : given}`;
  throw new FormworkError('invalid', 'unsupported-media-type', message);
}

/** An empty text is no body. */
function parseJson(text: string): unknown {
  if (text.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormworkError('invalid', 'invalid-request', 'the body is not JSON', { cause });
  }
  checkStorable(value);
  return value;
}

/** Refuses at the edge what nothing behind it could handle: too deep, keys that reach prototypes, NUL characters. */
function checkStorable(value: unknown): void {
  const refuse = (why: string): never => {
    throw new FormworkError('invalid', 'invalid-request', `the body ${why}`);
  };
  const left: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    if (typeof at.value === 'string' && at.value.includes('\0')) refuse('holds a NUL character');
    if (typeof at.value !== 'object' || at.value === null) continue;
    if (at.depth >= maxDepth) refuse(`is nested deeper than ${maxDepth} levels`);
    for (const [key, item] of Object.entries(at.value)) {
      if (key === '__proto__') refuse('holds the key __proto__');
      if (key.includes('\0')) refuse('holds a NUL character');
      left.push({ value: item, depth: at.depth + 1 });
    }
  }
}
