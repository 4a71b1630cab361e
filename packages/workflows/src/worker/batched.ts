import { setTimeout as delay } from 'node:timers/promises';
import { createArrivals } from '../engine/arrivals.ts';

/** How many calls go into one batch at most (engine.md 1). */
const mostAtOnce = 200;
/** So many are worth a batch without waiting for more. */
const enough = 32;
/** With so many waiting a second batch is begun beside the first: one is put together while the other is written. */
const crowd = 100;
const batchesInCrowd = 2;

/**
 * Group commit: calls that arrive while a batch is under way make up the next one, so an idle worker waits for nothing
 * and a busy one writes each table once for many steps. A batch that fails is tried call by call: only what is at fault
 * fails. `run` answers in the order of its requests.
 */
export function batched<Request, Answer>(
  run: (requests: readonly Request[]) => Promise<readonly Answer[]>,
): (request: Request) => Promise<Answer> {
  interface Call {
    readonly request: Request;
    readonly resolve: (answer: Answer) => void;
    readonly reject: (error: unknown) => void;
  }
  const waiting: Call[] = [];
  const arrivals = createArrivals(() => performance.now());
  let running = 0;

  const settle = async (calls: readonly Call[]): Promise<void> => {
    try {
      const answers = await run(calls.map((call) => call.request));
      if (answers.length !== calls.length) throw new Error('a batch answered more or less than it was asked');
      answers.forEach((answer, index) => calls[index]?.resolve(answer));
    } catch (error) {
      if (calls.length === 1) calls[0]?.reject(error);
      else for (const call of calls) await settle([call]);
    }
  };
  const work = async (): Promise<void> => {
    while (waiting.length > 0) {
      const gatherMs = arrivals.gatherMs();
      if (waiting.length < enough && gatherMs > 0) await delay(gatherMs);
      await settle(waiting.splice(0, mostAtOnce));
    }
    running -= 1;
  };
  return (request) =>
    new Promise((resolve, reject) => {
      arrivals.note();
      waiting.push({ request, resolve, reject });
      // What arrives in the same turn goes along.
      if (running === 0 || (running < batchesInCrowd && waiting.length >= crowd)) {
        running += 1;
        setImmediate(() => void work());
      }
    });
}
