/**
 * What both BullMQ backends give the factory. Each is chosen explicitly by its constructor argument:
 * BullMQ's own default is global to the process and would let one test or one import change another's backend.
 */
export interface QueueBackend {
  readonly name: 'redis' | 'postgres';
  producer(queueName: string): Producer;
  consumer(queueName: string, concurrency: number, run: RunJob): Consumer;
  /** Rejects when the backend does not answer. */
  ping(): Promise<void>;
  /** Ends the shared connections; producers and consumers are closed before. */
  close(): Promise<void>;
}

/** One job as it lies in the queue, not yet parsed. */
export type RunJob = (jobId: string, data: unknown, signal: AbortSignal) => Promise<void>;

/** The part of BullMQ's Queue that is used. */
export interface Producer {
  waitUntilReady(): Promise<unknown>;
  add(jobs: readonly QueuedJob[]): Promise<void>;
  close(): Promise<void>;
}

/** The part of BullMQ's Worker that is used. */
export interface Consumer {
  waitUntilReady(): Promise<unknown>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Stops taking jobs and resolves when the running ones ended. */
  close(): Promise<void>;
  /** Aborts the signal of every running job. */
  abortJobs(): void;
  /** Drops the connections; a running job stays active in the queue until it is found stalled, and is then discarded. */
  disconnect(): Promise<void>;
}

export interface QueuedJob {
  readonly id: string;
  readonly data: object;
}
