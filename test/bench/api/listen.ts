import { monitorEventLoopDelay } from 'node:perf_hooks';
import { z } from 'zod';
import { median, percentile, rounded } from '../support/statistics.ts';
import { type EventListener, openEventListener } from './event-listener.ts';

export const listenRequestSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('open'),
    port: z.int(),
    token: z.string(),
    /** Queries of the listeners, one each. */
    queries: z.array(z.string()),
    after: z.number().nullable(),
    /** The last so many lose their connection twice a second. */
    cut: z.int(),
  }),
  /** Answers once every listener has heard this event, or after the time. */
  z.object({
    kind: z.literal('finish'),
    last: z.number(),
    first: z.number(),
    /** Ids from the first to the last that listeners with a query get. */
    selected: z.array(z.number()),
    withinMs: z.number(),
  }),
]);
export type ListenRequest = z.infer<typeof listenRequestSchema>;

export const listenedSchema = z.object({
  listeners: z.number(),
  /** Events that came, over all listeners. */
  delivered: z.number(),
  /** Listeners that did not get every event from the first to the last, once and in order. */
  incomplete: z.number(),
  /** Of the first incomplete one: where what came first differs from what was wanted. */
  differs: z
    .object({ listener: z.int(), heard: z.array(z.number()), wanted: z.array(z.number()), count: z.int() })
    .nullable(),
  resumed: z.number(),
  medianMs: z.number().nullable(),
  p99Ms: z.number().nullable(),
  maxMs: z.number().nullable(),
  /** What the listening process itself took of the machine, and how late its event loop was: part of the delays. */
  own: z.object({ cpuSeconds: z.number(), seconds: z.number(), loopP50Ms: z.number(), loopP99Ms: z.number() }),
});
export type Listened = z.infer<typeof listenedSchema>;

const cutEveryMs = 500;

export function createListeners(): (request: ListenRequest) => Promise<object> {
  let listeners: readonly EventListener[] = [];
  let cutter: NodeJS.Timeout | null = null;
  let cutAtTheEnd = 0;
  let queries: readonly string[] = [];
  const loop = monitorEventLoopDelay({ resolution: 1 });
  let cpu = process.cpuUsage();
  let beganMs = 0;
  const happened = new Map<number, number>();
  return async (request) => {
    if (request.kind === 'open') {
      const { port, token, after } = request;
      await new Promise<void>((resolve) => {
        let missing = request.queries.length;
        const onOpen = (): void => {
          missing -= 1;
          if (missing === 0) resolve();
        };
        listeners = request.queries.map((query) => openEventListener({ port, token, query, after, onOpen, happened }));
      });
      loop.enable();
      cpu = process.cpuUsage();
      beganMs = performance.now();
      cutAtTheEnd = request.cut;
      queries = request.queries;
      if (request.cut > 0) {
        cutter = setInterval(() => {
          for (const listener of listeners.slice(-request.cut)) listener.cut();
        }, cutEveryMs);
      }
      return { opened: listeners.length };
    }
    const { last, first } = request;
    const all = Array.from({ length: last - first + 1 }, (_, at) => first + at);
    const giveUpMs = performance.now() + request.withinMs;
    while (performance.now() < giveUpMs && listeners.some(({ heard }) => (heard.ids.at(-1) ?? 0) < last)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (cutter !== null) clearInterval(cutter);
    const used = process.cpuUsage(cpu);
    const own = {
      cpuSeconds: rounded((used.user + used.system) / 1e6),
      seconds: rounded((performance.now() - beganMs) / 1000),
      loopP50Ms: rounded(loop.percentile(50) / 1e6),
      loopP99Ms: rounded(loop.percentile(99) / 1e6),
    };
    for (const listener of listeners) listener.close();
    const steady = listeners.slice(0, listeners.length - cutAtTheEnd);
    const delays = steady.flatMap(({ heard }) => [...heard.delaysMs]);
    const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
    const wantedBy = (at: number): readonly number[] => (queries[at] === '' ? all : request.selected);
    const broken = listeners.findIndex(({ heard }, at) => !isWhole(heard.ids, wantedBy(at)));
    const listened: Listened = {
      listeners: listeners.length,
      delivered: listeners.reduce((sum, { heard }) => sum + heard.ids.length, 0),
      incomplete: listeners.filter(({ heard }, at) => !isWhole(heard.ids, wantedBy(at))).length,
      differs:
        broken === -1
          ? null
          : { listener: broken, ...difference(listeners[broken]?.heard.ids ?? [], wantedBy(broken)) },
      resumed: listeners.reduce((sum, { heard }) => sum + heard.resumed, 0),
      medianMs: orNull(median(delays)),
      p99Ms: orNull(percentile(delays, 0.99)),
      maxMs: orNull(percentile(delays, 1)),
      own,
    };
    return listened;
  };
}

/** Some ids from where the two begin to differ, and how many are missing in all. */
function difference(ids: readonly number[], wanted: readonly number[]) {
  const heard = ids.filter((id) => id >= (wanted[0] ?? 0) && id <= (wanted.at(-1) ?? 0));
  const at = wanted.findIndex((id, place) => heard[place] !== id);
  return { heard: heard.slice(at, at + 3), wanted: wanted.slice(at, at + 3), count: wanted.length - heard.length };
}

/** Ids have no gaps: of the events between the first and the last wanted one, no other came and none twice. */
const isWhole = (ids: readonly number[], wanted: readonly number[]): boolean => {
  const [first = 0] = wanted;
  const last = wanted.at(-1) ?? 0;
  const between = ids.filter((id) => id >= first && id <= last);
  return between.length === wanted.length && between.every((id, at) => id === wanted[at]);
};
