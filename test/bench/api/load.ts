import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type HttpConnection, openHttpConnection } from './http-connection.ts';

/** What to ask of whom, and how hard. */
export const loadSchema = z.object({
  port: z.int(),
  /** Asked in turn. */
  paths: z.array(z.string()).min(1),
  /** Used in turn: each has its own rate limit. */
  tokens: z.array(z.string()).min(1).nullable(),
  connections: z.int().min(1),
  durationMs: z.number(),
  /** Null asks again as soon as an answer is there; else requests come at this rate whatever the answers do. */
  perSecond: z.number().nullable(),
});
export type Load = z.infer<typeof loadSchema>;

export const measuredSchema = z.object({
  /** Milliseconds: from when the request was due (open loop) or sent (closed loop) until its answer was whole. */
  latenciesMs: z.array(z.number()),
  seconds: z.number(),
  bytes: z.number(),
  /** How many were not answered with 200. */
  failed: z.number(),
});
export type Measured = z.infer<typeof measuredSchema>;

/** Timers fire up to this much too late; the rest is waited for turn by turn, milliseconds. */
const timerErrorMs = 1.2;

export async function runLoad(load: Load): Promise<Measured> {
  const connections = await Promise.all(Array.from({ length: load.connections }, () => openHttpConnection(load.port)));
  const latenciesMs: number[] = [];
  let bytes = 0;
  let failed = 0;
  let asked = 0;
  const started = performance.now();
  const ask = async (connection: HttpConnection, dueMs: number): Promise<void> => {
    const turn = asked++;
    const path = load.paths[turn % load.paths.length] ?? '/';
    const token = load.tokens?.[turn % load.tokens.length] ?? null;
    const answer = await connection.get(path, token);
    latenciesMs.push(performance.now() - dueMs);
    bytes += answer.bytes;
    if (answer.status !== 200) failed += 1;
  };
  if (load.perSecond === null) {
    await Promise.all(
      connections.map(async (connection) => {
        for (;;) {
          const now = performance.now();
          if (now - started > load.durationMs) return;
          await ask(connection, now);
        }
      }),
    );
  } else {
    await onSchedule(connections, { ...load, perSecond: load.perSecond, started }, ask);
  }
  const seconds = (performance.now() - started) / 1000;
  for (const connection of connections) connection.close();
  return { latenciesMs, seconds, bytes, failed };
}

/** A request that finds no idle connection waits for one, and its latency counts from when it was due. */
async function onSchedule(
  connections: readonly HttpConnection[],
  load: { readonly perSecond: number; readonly durationMs: number; readonly started: number },
  ask: (connection: HttpConnection, dueMs: number) => Promise<void>,
): Promise<void> {
  const idle = [...connections];
  const due: number[] = [];
  const running = new Set<Promise<void>>();
  const begin = (): void => {
    while (due.length > 0 && idle.length > 0) {
      const dueMs = due.shift() ?? 0;
      const connection = idle.pop();
      if (connection === undefined) return;
      const answered = ask(connection, dueMs).finally(() => {
        running.delete(answered);
        idle.push(connection);
        begin();
      });
      running.add(answered);
    }
  };
  const count = Math.round((load.durationMs / 1000) * load.perSecond);
  for (let turn = 0; turn < count; turn += 1) {
    const dueMs = load.started + (turn * 1000) / load.perSecond;
    const early = dueMs - performance.now() - timerErrorMs;
    if (early > 0) await sleep(early);
    while (performance.now() < dueMs) await nextTurn();
    due.push(dueMs);
    begin();
  }
  while (running.size > 0) await Promise.all(running);
}
