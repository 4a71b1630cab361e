export { jobData, jobIdOf } from './queue/job.ts';
export type { JobData } from './queue/job.ts';
export { openQueues } from './queue/queues.ts';
export type { Queues } from './queue/queues.ts';
export type { QueueWorker } from './queue/queue-worker.ts';
