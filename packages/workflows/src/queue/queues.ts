import { FormworkError } from '@formwork/core';
import type { Log } from '@formwork/db';
import type { z } from 'zod';
import type { Consumer, Producer, QueueBackend } from './backend.ts';
import { type StallTimes, stallTimes } from './bullmq-options.ts';
import { errorLog } from './error-log.ts';
import { checkName } from './job.ts';
import { postgresBackend } from './postgres-backend.ts';
import { redisBackend } from './redis-backend.ts';
import { startConsumer, type QueueWorker } from './queue-worker.ts';
import { settles, unavailable, within } from './within.ts';

/** How many jobs go to the queue in one command. */
const bulkLimit = 1_000;

export interface Queues<Data extends object> {
  readonly backend: 'redis' | 'postgres';
  /**
   * Adds jobs, in bulk. An id the queue still knows is dropped silently.
   * Throws `retryable` `queue-unavailable` when the queue does not take them in time: the caller tries again with the same ids.
   */
  add(queueName: string, jobs: readonly { readonly id: string; readonly data: Data }[]): Promise<void>;
  /**
   * Runs up to `concurrency` jobs of the queue at once in this process. The handler writes its result to our own
   * tables; what it throws is logged and the job is gone. `signal` aborts when the worker closes.
   */
  work(
    queueName: string,
    concurrency: number,
    handler: (data: Data, signal: AbortSignal) => Promise<void>,
  ): QueueWorker;
  /** Throws `retryable` `queue-unavailable` when the backend does not answer in `timeoutMs`. */
  ping(timeoutMs?: number): Promise<void>;
  /** Closes every worker (as `QueueWorker.close`) and all connections. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/**
 * The one place where BullMQ is used. Redis when `redisUrl` is given, else BullMQ's Postgres backend on `databaseUrl`.
 * The queue carries ids and may lose them; Postgres is the truth and a reconcile pass adds them again.
 * With Postgres the database must be reachable now; later outages of either are survived by reconnecting.
 */
export async function openQueues<Data extends object>(deps: {
  readonly redisUrl: string | null;
  readonly databaseUrl: string;
  readonly jobSchema: z.ZodType<Data>;
  readonly log: Log;
  readonly addTimeoutMs?: number;
  /** How soon a dead worker's job is discarded; short only in tests. */
  readonly stall?: StallTimes;
}): Promise<Queues<Data>> {
  const stall = deps.stall ?? stallTimes;
  const onError = errorLog(deps.log, deps.redisUrl === null ? 'postgres' : 'redis');
  const backend: QueueBackend =
    deps.redisUrl === null
      ? await postgresBackend({ databaseUrl: deps.databaseUrl, onError, stall })
      : redisBackend({ redisUrl: deps.redisUrl, onError, stall });
  const addTimeoutMs = deps.addTimeoutMs ?? 10_000;
  const producers = new Map<string, Producer>();
  const workers = new Set<QueueWorker>();
  let closed = false;

  const producerOf = async (queueName: string): Promise<Producer> => {
    const known = producers.get(queueName);
    if (known !== undefined) return known;
    const made = backend.producer(queueName);
    try {
      await within(addTimeoutMs, `queue ${queueName}`, made.waitUntilReady());
    } catch (error) {
      // It remembers its failed start, so it is thrown away and the next add makes another.
      void made.close().catch(onError);
      throw error;
    }
    const raced = producers.get(queueName);
    if (raced !== undefined) {
      void made.close().catch(onError);
      return raced;
    }
    producers.set(queueName, made);
    return made;
  };

  return {
    backend: backend.name,
    add: async (queueName, jobs) => {
      if (closed) throw new FormworkError('conflict', 'queue-closed', 'the queues are closed');
      checkName('queue', queueName);
      const checked = jobs.map((job) => ({ id: checkName('job id', job.id), data: deps.jobSchema.parse(job.data) }));
      try {
        for (let start = 0; start < checked.length; start += bulkLimit) {
          const producer = await producerOf(queueName);
          await within(addTimeoutMs, `adding to ${queueName}`, producer.add(checked.slice(start, start + bulkLimit)));
        }
      } catch (error) {
        if (error instanceof FormworkError) throw error;
        throw unavailable(`queue ${queueName} did not take the jobs`, error);
      }
    },
    work: (queueName, concurrency, handler) => {
      checkName('queue', queueName);
      const start = (): Consumer =>
        backend.consumer(queueName, concurrency, async (jobId, data, signal) => {
          try {
            await handler(deps.jobSchema.parse(data), signal);
          } catch (error) {
            deps.log.error(
              { queue: queueName, jobId, error: messageOf(error) },
              'a job handler threw; the job is dropped',
            );
          }
        });
      const worker = startConsumer({
        start,
        onError: (error) => {
          onError(error, queueName);
        },
      });
      workers.add(worker);
      return {
        ...worker,
        close: async (options) => {
          await worker.close(options);
          workers.delete(worker);
        },
      };
    },
    ping: async (timeoutMs = 2_000) => {
      try {
        await within(timeoutMs, 'the queue', backend.ping());
      } catch (error) {
        throw error instanceof FormworkError ? error : unavailable('the queue does not answer', error);
      }
    },
    close: async (options) => {
      closed = true;
      await Promise.all([...workers].map((worker) => worker.close(options)));
      await settles(2_000, Promise.all([...producers.values()].map((producer) => producer.close())));
      await settles(2_000, backend.close());
    },
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
