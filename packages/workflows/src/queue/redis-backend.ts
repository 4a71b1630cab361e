import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { QueueBackend } from './backend.ts';
import { consumerOf, processorOf, producerOf } from './bullmq-handles.ts';
import { eventStreamLimit, jobOptions, type StallTimes, workerOptions } from './bullmq-options.ts';
import { settles } from './within.ts';

/**
 * BullMQ on Redis. One connection for all producers, and two for each consumer: for its commands, and one that blocks
 * on its queue. The producers' one gives a command up at the second failed connect (the outbox retries); those of the
 * consumers wait as long as it takes.
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
      // Its own: a consumer that does not end in time is cut off, and BullMQ then cuts what it was given.
      const connection = connect(null);
      const worker = new Worker(queueName, processorOf(run), { connection, concurrency, ...workerOptions(deps.stall) });
      worker.once('closed', () => {
        connection.disconnect();
      });
      worker.on('error', (error: unknown) => {
        deps.onError(error, queueName);
      });
      return consumerOf(worker);
    },
    ping: async () => {
      await producing.ping();
    },
    close: async () => {
      if (producing.status !== 'ready' || !(await settles(1_000, producing.quit()))) producing.disconnect();
    },
  };
}
