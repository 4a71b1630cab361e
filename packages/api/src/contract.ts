import type { z } from 'zod';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a caller must be. `public` needs no token; each of the others includes the ones before it. */
export type RequiredRole = 'public' | 'viewer' | 'operator' | 'admin';

/** What a token's scope is checked against: the site or deployment that the path names, or nothing. */
export type ScopeKind = 'site' | 'deployment' | 'none';

/**
 * How the body travels. `json` and `merge-patch` (RFC 7396) are JSON; `document` is a JSON value or, with
 * `application/yaml`, text; `archive` is the bytes of a `.tar` or `.tar.gz`.
 */
export type BodyKind = 'json' | 'merge-patch' | 'document' | 'archive';

/** One route, once: the server validates by it, the client is typed by it, OpenAPI is printed from it. */
export interface RouteContract {
  readonly method: HttpMethod;
  /** Fastify's notation: `/api/v1/sites/:site`. */
  readonly path: string;
  readonly summary: string;
  /** More than fits a summary; Markdown. */
  readonly description?: string;
  readonly tag: string;
  readonly role: RequiredRole;
  readonly scope: ScopeKind;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** `json` when absent. */
  readonly bodyKind?: BodyKind;
  /** Answers that are a success, by status; null has no body. Every other answer is a problem. */
  readonly responses: Readonly<Record<number, z.ZodType | null>>;
  /** The status of the ordinary case. */
  readonly success: number;
  /** Takes `Idempotency-Key`: kept 24 h per token and route. */
  readonly idempotencyKey?: true;
  /** Answers with `ETag`, made by `etagOf(version)`. */
  readonly etag?: true;
  /** Takes `If-Match`; when it is sent and stale, 412. */
  readonly ifMatch?: true;
  /** Takes `cursor`, `limit` and `fields`, and answers `{items, next}`. */
  readonly paged?: true;
  /** Server-Sent Events by name, sent when `Accept` is `text/event-stream`; takes `Last-Event-ID`. */
  readonly stream?: Readonly<Record<string, z.ZodType>>;
  /** Can also answer `text/plain`, by `Accept`; a route whose only response is text says `only`. */
  readonly text?: 'also' | 'only';
}

/** Gives the literal types of one contract to the table and checks it on the way. */
export function route<const Contract extends RouteContract>(contract: Contract): Contract {
  return contract;
}

export const etagOf = (version: number): string => `"${String(version)}"`;

/** The version in an `If-Match` or `ETag` value; null when it is not one of ours (`*` included). */
export function versionOfEtag(text: string): number | null {
  const match = /^(?:W\/)?"(\d+)"$/.exec(text.trim());
  return match?.[1] === undefined ? null : Number(match[1]);
}
