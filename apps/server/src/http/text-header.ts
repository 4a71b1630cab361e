import type { FastifyRequest } from 'fastify';

/** A header field by its name in lower case; null when it was not sent, or more than once. */
export function textHeader(request: FastifyRequest, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
}
