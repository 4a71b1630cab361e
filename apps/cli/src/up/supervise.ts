import { randomUUID } from 'node:crypto';
import { FormworkError } from '@formwork/api';
import { z } from 'zod';
import type { BackoffTimes } from './backoff.ts';
import { type Child, type ChildEvent, type ChildPlan, startChild } from './child.ts';
import type { LogFile } from './log-file.ts';
import { waitReady } from './wait-ready.ts';

export type ServiceName = 'database' | 'server' | 'worker';

export interface SuperviseOptions {
  /** Arguments of node for each. `database` is not started when `databaseUrl` is given. */
  readonly programs: Readonly<Record<ServiceName, readonly string[]>>;
  readonly databaseUrl: string | null;
  /** What server and worker get besides DATABASE_URL. */
  readonly env: NodeJS.ProcessEnv;
  readonly serverUrl: string;
  readonly backoff: BackoffTimes;
  readonly openLog: (name: ServiceName) => LogFile;
  readonly onEvent: (event: ChildEvent) => void;
  /** A start that has not come to ready by then has failed. */
  readonly readyWithinMs: number;
}

export interface Supervised {
  /** Worker, server, database, one after the other, within 15 s. */
  stop(): Promise<void>;
}

/** How often something may die at the very start before the start as a whole is given up. */
const patience = 3;

const urlSchema = z.object({ url: z.string() });

/**
 * Starts database, server and worker in this order, each when the one before answers, and keeps them running.
 * Errors: `not-started`, with the last lines of whichever did not come up.
 */
export async function supervise(options: SuperviseOptions, signal: AbortSignal): Promise<Supervised> {
  const children: Child[] = [];
  const failed = new AbortController();
  let starting = true;
  let databaseUrl = options.databaseUrl;
  let announce: () => void = () => undefined;

  const onEvent = (event: ChildEvent): void => {
    options.onEvent(event);
    if (starting && event.kind === 'ended' && event.quickDeaths >= patience) failed.abort(notStarted(event));
  };
  const start = (name: ServiceName, more: Pick<ChildPlan, 'env' | 'onLine'>): void => {
    const { backoff, openLog, programs } = options;
    children.unshift(startChild({ name, args: programs[name], backoff, log: openLog(name), ...more }, onEvent));
  };
  const instance = randomUUID();
  const environment = () => ({
    ...options.env,
    DATABASE_URL: databaseUrl ?? undefined,
    FORMWORK_INSTANCE: instance,
    // So that they end with us however we end.
    FORMWORK_UNTIL_STDIN_ENDS: '1',
  });
  const onDatabaseLine = (line: string): void => {
    const url = readUrl(line);
    if (url === null) return;
    const moved = databaseUrl !== null && databaseUrl !== url;
    databaseUrl = url;
    announce();
    // Server and worker know only the old place: they are started again with the new one.
    if (moved) for (const child of children) if (child.name !== 'database') child.restart();
  };
  const stop = async (): Promise<void> => {
    const graceMs: Readonly<Record<string, number>> = { worker: 10_500, server: 3_500 };
    for (const child of children) await child.stop(graceMs[child.name] ?? 2_500);
  };

  const limit = AbortSignal.any([signal, failed.signal, AbortSignal.timeout(options.readyWithinMs)]);
  try {
    if (databaseUrl === null) {
      const answered = new Promise<void>((resolve, reject) => {
        announce = resolve;
        limit.addEventListener('abort', () => {
          reject(limit.reason instanceof Error ? limit.reason : new Error('stopped'));
        });
      });
      start('database', { env: () => options.env, onLine: onDatabaseLine });
      await answered;
    }
    start('server', { env: environment });
    await waitReady(options.serverUrl, instance, limit);
    start('worker', { env: environment });
    starting = false;
    return { stop };
  } catch (error) {
    await stop();
    if (failed.signal.reason instanceof FormworkError) throw failed.signal.reason;
    if (signal.aborted) throw error;
    throw new FormworkError(
      'terminal',
      'not-started',
      `formwork did not come up within ${String(Math.round(options.readyWithinMs / 1000))} s; see the logs in its data directory`,
      { cause: error },
    );
  }
}

function readUrl(line: string): string | null {
  try {
    const parsed = urlSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data.url : null;
  } catch {
    return null;
  }
}

function notStarted(event: Extract<ChildEvent, { kind: 'ended' }>): FormworkError {
  const tail = event.tail.map((line) => `  | ${line}`).join('\n');
  return new FormworkError(
    'terminal',
    'not-started',
    `the ${event.name} ends again and again (${event.how}); its last lines:\n${tail}`,
  );
}
