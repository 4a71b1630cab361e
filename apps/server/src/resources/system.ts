import { openApiDocument } from '@formwork/api';
import { FormworkError, isJsonObject } from '@formwork/core';
import type { ServerDeps } from '../deps.ts';
import type { Handlers } from '../http/handler.ts';
import { toJson } from '../http/to-json.ts';
import type { Metrics } from '../metrics/metrics.ts';

type Operations = 'getHealth' | 'getReadiness' | 'getOpenApi' | 'getMetrics';

const checkTimeoutMs = 2_000;

export function systemHandlers(deps: ServerDeps & { readonly metrics: Metrics }): Pick<Handlers, Operations> {
  const document = toJson(openApiDocument());
  return {
    getHealth: () => Promise.resolve({ body: { status: 'ok', version: deps.version } }),
    getReadiness: async () => {
      const checks = await Promise.all([
        check('database', 'DATABASE_URL', () => deps.db.query('SELECT 1')),
        check('queue', 'REDIS_URL, else the database', () => deps.queues.ping(checkTimeoutMs)),
        check('migrations', 'the database, which a newer or older version may have changed', async () => {
          const applied = new Set(await deps.inventory.statistics.appliedMigrations());
          const missing = deps.migrations.filter((name) => !applied.has(name));
          if (missing.length > 0) throw new Error(`not applied: ${missing.join(', ')}`);
        }),
      ]);
      const failed = checks.filter((one) => !one.ok);
      if (failed.length === 0) return { body: { ready: true, checks } };
      throw new FormworkError('retryable', 'unavailable', `not ready: ${failed.map((one) => one.name).join(', ')}`, {
        details: {
          problems: failed.map(({ name, message, remedy }) => ({
            code: 'not-ready',
            path: `$.${name}`,
            message,
            remedy,
          })),
        },
      });
    },
    getOpenApi: () => Promise.resolve({ body: isJsonObject(document) ? document : {} }),
    getMetrics: async () => {
      const text = await deps.metrics.print();
      return { body: text, text };
    },
  };
}

async function check(name: string, lookAt: string, ask: () => Promise<unknown>) {
  const remedy = `look at ${lookAt}`;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${checkTimeoutMs} ms`));
    }, checkTimeoutMs);
  });
  try {
    await Promise.race([ask(), late]);
    return { name, ok: true, message: '', remedy };
  } catch (error) {
    // The page is public: no more than what kind of failure it is.
    const message =
      error instanceof FormworkError || (error instanceof Error && /^no/.test(error.message))
        ? error.message
        : 'does not answer';
    return { name, ok: false, message, remedy };
  } finally {
    clearTimeout(timer);
  }
}
