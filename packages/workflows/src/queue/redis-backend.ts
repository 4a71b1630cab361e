import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { QueueBackend } from './backend.ts';
import { eventStreamLimit, jobOptions, workerOptions } from './bullmq-options.ts';
import { settles } from './within.ts';

/**
 * BullMQ on Redis. Two shared connections, and one more for each consumer, which blocks on its queue.
 * The producer's connection refuses commands while Redis is away (the outbox retries); the consumers' one waits.
 */
export function redisBackend(deps: {
  readonly redisUrl: string;
  readonly onError: (error: unknown, queue?: string) => void;
}): QueueBackend {
  const retryStrategy = (times: number) => Math.min(times * 100, 1_000);
  const connect = (options: { maxRetriesPerRequest: number | null; enableOfflineQueue: boolean }) => {
    const redis = new Redis(deps.redisUrl, { ...options, retryStrategy, connectTimeout: 5_000 });
    redis.on('error', (error: unknown) => {
      deps.onError(error);
    });
    redis.setMaxListeners(0);
    return redis;
  };
  const producing = connect({ maxRetriesPerRequest: 1, enableOfflineQueue: false });
  const consuming = connect({ maxRetriesPerRequest: null, enableOfflineQueue: true });

  return {
    name: 'redis',
    producer: (queueName) => {
      const queue = new Queue(queueName, {
        connection: producing,
        defaultJobOptions: jobOptions,
        streams: { events: { maxLen: eventStreamLimit } },
      });
      queue.on('error', (error: unknown) => {
        deps.onError(error, queueName);
      });
      return {
        waitUntilReady: () => queue.waitUntilReady(),
        add: async (jobs) => {
          await queue.addBulk(jobs.map((job) => ({ name: 'run', data: job.data, opts: { jobId: job.id } })));
        },
        close: () => queue.close(),
      };
    },
    consumer: (queueName, concurrency, run) => {
      const worker = new Worker(
        queueName,
        // Three parameters: BullMQ hands out a signal only to a processor that declares it.
        (job, _token, signal) => run(job.id ?? '', job.data, signal ?? new AbortController().signal),
        { connection: consuming, concurrency, ...workerOptions },
      );
      worker.on('error', (error: unknown) => {
        deps.onError(error, queueName);
      });
      return {
        waitUntilReady: () => worker.waitUntilReady(),
        pause: () => worker.pause(true),
        resume: () => worker.resume(),
        close: () => worker.close(),
        abortJobs: () => {
          worker.cancelAllJobs('closing');
        },
        disconnect: () => worker.disconnect(),
      };
    },
    ping: async () => {
      await producing.ping();
    },
    close: async () => {
      for (const redis of [producing, consuming]) {
        if (redis.status !== 'ready' || !(await settles(1_000, redis.quit()))) redis.disconnect();
      }
    },
  };
}
