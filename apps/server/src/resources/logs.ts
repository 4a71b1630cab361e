import { FormworkError } from '@formwork/core';
import type { ServerDeps } from '../deps.ts';
import type { Handlers } from '../http/handler.ts';
import { notFound } from '../http/problems.ts';
import { findDeployment } from './find-deployment.ts';
import { maxLogBytes, readLogPiece } from './read-log.ts';

export function logHandlers(deps: ServerDeps): Pick<Handlers, 'getLog' | 'streamLog'> {
  const { inventory } = deps;
  return {
    getLog: async ({ params, query }) => {
      const deployment = await findDeployment(deps, params.name);
      const row = await inventory.nodeRoles.find(deployment.id, params.nodeRole);
      if (row === null) throw notFound(`node-role ${params.nodeRole} in deployment ${params.name}`);
      const attempt = await inventory.attempts.find(row.id, query.attempt ?? null);
      if (attempt === null) throw notFound(`attempt ${query.attempt ?? ''} of ${row.key}: it has not run`);
      const maxBytes = Math.min(query.maxBytes ?? maxLogBytes, maxLogBytes);
      const body = await readLogPiece(deps, attempt, query.offset ?? 0, maxBytes);
      return { body, text: body.text };
    },
    streamLog: () => {
      const message = 'this is a stream: ask for it with Accept: text/event-stream';
      throw new FormworkError('invalid', 'not-acceptable', message);
    },
  };
}
