import rateLimit from '@fastify/rate-limit';
import { problemMediaType, routes } from '@formwork/api';
import { FormworkError } from '@formwork/core';
import { hashToken } from '@formwork/db';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { validatorCompiler } from 'fastify-type-provider-zod';
import { authenticator } from './auth/authenticate.ts';
import { checkScope } from './auth/check-scope.ts';
import { countFailedLogins } from './auth/failed-logins.ts';
import { createKnownTokens } from './auth/known-tokens.ts';
import type { ServerDeps } from './deps.ts';
import { openEventHub } from './events/event-hub.ts';
import { createNameCache } from './events/event-names.ts';
import { streamEvents } from './events/stream-events.ts';
import { streamLog } from './events/stream-log.ts';
import { addBodyParsers } from './http/body-parsers.ts';
import { refuseOtherMethods } from './http/other-methods.ts';
import { toProblem } from './http/problems.ts';
import { registerRoutes } from './http/register-routes.ts';
import { requestError } from './http/request-error.ts';
import { securityHeaders } from './http/security-headers.ts';
import { createMetrics } from './metrics/metrics.ts';
import { createExplanations } from './resources/explanations.ts';
import { allHandlers } from './resources/handlers.ts';
import { createRunReader } from './resources/read-run.ts';

export interface AppOptions {
  /** Pino's, with authorization redacted; silent when absent. */
  readonly logger?: FastifyBaseLogger;
  /** PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly processMetrics?: boolean;
  /** Sent as header `formwork-instance` with every answer. */
  readonly instance?: string;
}

/** The HTTP side as a value: nothing listens, nothing is scheduled. `close` ends its streams and waits. */
export async function buildApp(deps: ServerDeps, options: AppOptions = {}): Promise<FastifyInstance> {
  const stopping = new AbortController();
  const app = Fastify({
    ...(options.logger === undefined ? { logger: false } : { loggerInstance: options.logger }),
    ...(options.tls === undefined ? {} : { https: options.tls }),
    // One line a change, below; reads would drown it.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 1024 * 1024,
    routerOptions: { maxParamLength: 300, ignoreTrailingSlash: false },
    requestTimeout: 120_000,
    forceCloseConnections: true,
    frameworkErrors: (error, request, reply) => void sendProblem(deps, error, request, reply),
  });
  app.setValidatorCompiler(validatorCompiler);
  addBodyParsers(app);

  const names = createNameCache(deps.inventory);
  const hub = openEventHub({ feed: deps.feed, names, log: deps.log });
  const metrics = createMetrics({ ...deps, ofProcess: options.processMetrics === true });
  const runs = createRunReader(deps);
  const tokens = createKnownTokens(deps);
  const parts = { ...deps, hub, metrics, runs, tokens, explanations: createExplanations(deps) };
  const failedLogins = countFailedLogins(deps.limits.failedLoginsPerMinute, () => deps.now().getTime());

  app.setErrorHandler((error, request, reply) => sendProblem(deps, requestError(error, request), request, reply));
  app.setNotFoundHandler((request, reply) => {
    const error = new FormworkError('not-found', 'not-found', 'there is no such path; /openapi.json lists them all');
    return sendProblem(deps, error, request, reply);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const operation = request.routeOptions.url ?? 'unknown';
    const seconds = reply.elapsedTime / 1000;
    metrics.observe({ operation, method: request.method, status: reply.statusCode, seconds });
    const fields = { method: request.method, path: request.url.split('?')[0], status: reply.statusCode, seconds };
    if (request.method === 'GET' || request.method === 'HEAD') request.log.debug(fields, 'answered');
    else request.log.info(fields, 'answered');
    done();
  });
  app.addHook('preClose', (done) => {
    stopping.abort();
    done();
  });
  app.addHook('onClose', () => {
    tokens.close();
    return hub.close();
  });

  const { instance } = options;
  if (instance !== undefined) {
    app.addHook('onRequest', (_, reply, done) => {
      reply.header('formwork-instance', instance);
      done();
    });
  }
  const fields = await securityHeaders();
  app.addHook('onRequest', (_, reply, done) => {
    for (const [name, value] of fields) reply.raw.setHeader(name, value);
    done();
  });
  await app.register(rateLimit, {
    max: deps.limits.requestsPerMinute,
    timeWindow: 60_000,
    keyGenerator: (request) => hashToken(request.headers.authorization ?? request.ip),
    errorResponseBuilder: () => new FormworkError('retryable', 'rate-limited', 'too many requests; wait a little'),
  });
  registerRoutes(app, {
    db: deps.db,
    handlers: allHandlers(parts),
    streams: {
      listEvents: (call, connection) => streamEvents(parts, call, connection),
      streamLog: (call, connection) => streamLog(parts, call, connection),
    },
    authenticate: authenticator({ ...deps, tokens, failedLogins }),
    checkScope: (contract, caller, params) => checkScope(deps.inventory, contract, caller, params),
    stopping: stopping.signal,
  });
  refuseOtherMethods(app, routes);
  return app;
}

/** RFC 9457. What is our fault goes into the log whole and out as one sentence. */
function sendProblem(deps: ServerDeps, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const instance = request.url.split('?')[0] ?? '';
  const { body, ours } = toProblem(error, instance);
  if (ours) {
    const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
    deps.log.error({ method: request.method, path: instance, error: said }, 'a request failed');
  }
  if (body.status === 401) reply.header('www-authenticate', 'Bearer realm="formwork"');
  return reply.code(body.status).type(problemMediaType).send(JSON.stringify(body));
}
