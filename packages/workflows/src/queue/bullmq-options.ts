/**
 * One try, nothing kept: the result is in our own tables, and a job id must be free again once its job is over.
 */
export const jobOptions = { attempts: 1, removeOnComplete: true, removeOnFail: true };

/** How many entries BullMQ keeps of its own event stream, which nobody reads. */
export const eventStreamLimit = 100;

/** A running job's lock lasts `lockMs` and is renewed at half of it; every `checkMs` jobs without a lock are looked for. */
export interface StallTimes {
  readonly lockMs: number;
  readonly checkMs: number;
}
export const stallTimes: StallTimes = { lockMs: 30_000, checkMs: 15_000 };

/**
 * A job whose worker died is found stalled and, `maxStalledCount` being 0, discarded instead of being run again:
 * only an expired lease re-drives work, by re-attaching to the same attempt.
 */
export const workerOptions = (stall: StallTimes) => ({
  lockDuration: stall.lockMs,
  stalledInterval: stall.checkMs,
  maxStalledCount: 0,
  runRetryDelay: 500,
  drainDelay: 5,
});
