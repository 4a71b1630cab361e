import type { RouteContract } from '@formwork/api';
import { FormworkError } from '@formwork/core';
import type { FastifyInstance, HTTPMethods } from 'fastify';

const methods: readonly HTTPMethods[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** A path that exists answers 405 to the methods it does not take, and says which it takes. */
export function refuseOtherMethods(app: FastifyInstance, table: Readonly<Record<string, RouteContract>>): void {
  const taken = new Map<string, string[]>();
  for (const { path, method } of Object.values(table)) taken.set(path, [...(taken.get(path) ?? []), method]);
  for (const [url, allowed] of taken) {
    app.route({
      method: methods.filter((method) => !allowed.includes(method)),
      url,
      onRequest: (_request, reply, done) => {
        reply.header('allow', allowed.join(', '));
        done(new FormworkError('invalid', 'method-not-allowed', `this path takes ${allowed.join(', ')}`));
      },
      handler: () => undefined,
    });
  }
}
