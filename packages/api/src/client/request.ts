import { FormworkError } from '@formwork/core';
import type { z } from 'zod';
import type { RouteContract } from '../contract.ts';

/** What every call of the client is made of, before types. */
export interface RawInput {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  readonly ifMatch?: string;
}

export interface BuiltRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** Method, URL, headers and body of a call. Path parameters are encoded; query fields that are undefined are left out. */
export function buildRequest(baseUrl: string, contract: RouteContract, input: RawInput): BuiltRequest {
  const params = fields(input.params);
  const path = contract.path.replace(/:([A-Za-z]+)/g, (_, name: string) => encodeURIComponent(params.get(name) ?? ''));
  const search = new URLSearchParams([...fields(input.query)]).toString();
  const headers: Record<string, string> = {};
  if (input.idempotencyKey !== undefined) headers['idempotency-key'] = input.idempotencyKey;
  if (input.ifMatch !== undefined) headers['if-match'] = input.ifMatch;
  const body = contract.body === undefined ? null : encodeBody(contract, contract.body, input.body);
  if (body !== null) headers['content-type'] = body.type;
  return {
    method: contract.method,
    url: `${baseUrl.replace(/\/+$/, '')}${path}${search === '' ? '' : `?${search}`}`,
    headers,
    ...(body === null ? {} : { body: body.content }),
  };
}

function fields(value: unknown): Map<string, string> {
  const found = new Map<string, string>();
  if (typeof value !== 'object' || value === null) return found;
  for (const [name, field] of Object.entries(value)) {
    const plain: unknown = field;
    if (typeof plain === 'string' || typeof plain === 'number' || typeof plain === 'boolean')
      found.set(name, String(plain));
  }
  return found;
}

function encodeBody(contract: RouteContract, schema: z.ZodType, body: unknown) {
  if (contract.bodyKind === 'archive' && body instanceof Uint8Array) {
    return { type: body[0] === 0x1f && body[1] === 0x8b ? 'application/gzip' : 'application/x-tar', content: body };
  }
  if (contract.bodyKind === 'document' && typeof body === 'string') return { type: 'application/yaml', content: body };
  const checked = schema.safeParse(body);
  if (!checked.success) {
    const first = checked.error.issues[0];
    const path = ['$', ...(first?.path ?? [])].map(String).join('.');
    throw new FormworkError('invalid', 'invalid-request', `${path}: ${first?.message ?? 'not valid'}`);
  }
  const type = contract.bodyKind === 'merge-patch' ? 'application/merge-patch+json' : 'application/json';
  return { type, content: JSON.stringify(body) };
}
