import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { QueueBackend } from './backend.ts';
import { consumerOf, processorOf, producerOf } from './bullmq-handles.ts';
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
      return producerOf(queue);
    },
    consumer: (queueName, concurrency, run) => {
      const options = { connection: consuming, concurrency, ...workerOptions(deps.stall) };
      const worker = new Worker(queueName, processorOf(run), options);
      worker.on('error', (error: unknown) => {
        deps.onError(error, queueName);
      });
      return consumerOf(worker);
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
