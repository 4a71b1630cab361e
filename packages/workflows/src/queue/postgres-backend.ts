import { createPostgresBackend, Queue, runMigrations, Worker } from 'bullmq';
import pg from 'pg';
import type { QueueBackend } from './backend.ts';
import { consumerOf, processorOf, producerOf } from './bullmq-handles.ts';
import { eventStreamLimit, jobOptions, type StallTimes, workerOptions } from './bullmq-options.ts';
import { openQueuePool } from './postgres-pool.ts';

/**
 * BullMQ on its own Postgres backend, in the schema `bullmq` of our database. All queues of the process share one
 * pool; a consumer adds one LISTEN connection to it.
 */
export async function postgresBackend(deps: {
  readonly databaseUrl: string;
  readonly onError: (error: unknown, queue?: string) => void;
  readonly stall: StallTimes;
}): Promise<QueueBackend> {
  await prepareSchema(deps.databaseUrl);
  const shared = openQueuePool(deps.databaseUrl, deps.onError);
  const connection = shared.pool;

  return {
    name: 'postgres',
    producer: (queueName) => {
      const queue = new Queue(
        queueName,
        { connection, defaultJobOptions: jobOptions, streams: { events: { maxLen: eventStreamLimit } } },
        createPostgresBackend,
      );
      queue.on('error', (error: unknown) => {
        deps.onError(error, queueName);
      });
      const producer = producerOf(queue);
      return {
        ...producer,
        add: async (jobs) => {
          const [only] = jobs;
          if (only === undefined || jobs.length > 1) return producer.add(jobs);
          // The bulk command makes temporary tables, which costs a single job most of its latency.
          await queue.add('run', only.data, { jobId: only.id });
        },
      };
    },
    consumer: (queueName, concurrency, run) => {
      shared.reserve();
      const worker = new Worker(
        queueName,
        processorOf(run),
        { connection, concurrency, ...workerOptions(deps.stall) },
        createPostgresBackend,
      );
      worker.once('closed', () => {
        shared.unreserve();
      });
      worker.on('error', (error: unknown) => {
        deps.onError(error, queueName);
      });
      return consumerOf(worker);
    },
    ping: async () => {
      await connection.query('SELECT 1');
    },
    close: () => shared.close(),
  };
}

/** BullMQ's own migrations, in one transaction under its own advisory lock: any number of servers may start at once. */
async function prepareSchema(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    await runMigrations(client);
  } finally {
    await client.end();
  }
}
