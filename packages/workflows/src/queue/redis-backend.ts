import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { QueueBackend } from './backend.ts';
import { eventStreamLimit, jobOptions, type StallTimes, workerOptions } from './bullmq-options.ts';
import { settles } from './within.ts';

/**
 * BullMQ on Redis. Two shared connections, and one more for each consumer, which blocks on its queue.
 * The producer's connection gives a command up at the second failed connect (the outbox retries); the consumers' one
 * waits as long as it takes.
 */
export function redisBackend(deps: {
  readonly redisUrl: string;
  readonly onError: (error: unknown, queue?: string) => void;
  readonly stall: StallTimes;
}): QueueBackend {
  const retryStrategy = (times: number) => Math.min(times * 100, 1_000);
  const connect = (maxRetriesPerRequest: number | null) => {
    const redis = new Redis(deps.redisUrl, { maxRetriesPerRequest, retryStrategy, connectTimeout: 5_000 });
    redis.on('error', (error: unknown) => {
      deps.onError(error);
    });
    redis.setMaxListeners(0);
    return redis;
  };
  const producing = connect(1);
  const consuming = connect(null);

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
        { connection: consuming, concurrency, ...workerOptions(deps.stall) },
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
