import type { Processor, Queue, Worker } from 'bullmq';
import type { Consumer, Producer, RunJob } from './backend.ts';

/** BullMQ's queue as a producer, whatever it lies on. */
export function producerOf(queue: Pick<Queue, 'waitUntilReady' | 'addBulk' | 'close'>): Producer {
  return {
    waitUntilReady: () => queue.waitUntilReady(),
    add: async (jobs) => {
      await queue.addBulk(jobs.map((job) => ({ name: 'run', data: job.data, opts: { jobId: job.id } })));
    },
    close: () => queue.close(),
  };
}

/** BullMQ's worker as a consumer, whatever it lies on. */
export function consumerOf(
  worker: Pick<Worker, 'waitUntilReady' | 'pause' | 'resume' | 'close' | 'cancelAllJobs' | 'disconnect'>,
): Consumer {
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
}

/** Three parameters: BullMQ hands out a signal only to a processor that declares it. */
export const processorOf =
  (run: RunJob): Processor =>
  (job, _token, signal) =>
    run(job.id ?? '', job.data, signal ?? new AbortController().signal);
