import { setTimeout as sleep } from 'node:timers/promises';
import { say } from '../support/report.ts';
import { median, percentile, rounded } from '../support/statistics.ts';
import { type Load, type Measured, measuredSchema } from './load.ts';
import type { Assistant } from './programs.ts';
import type { Target } from './targets.ts';

export interface Sides {
  readonly loader: Assistant;
  readonly server: { readonly port: number; readonly tokens: readonly string[] };
  /** Bare routes by target. */
  readonly bare: { readonly port: number; readonly pathOf: (target: Target) => string };
}

export interface Timing {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mibPerSecond: number;
}

/** How much higher our p99 may be than a bare route's. */
const mostTimes = 5;

const ask = async (loader: Assistant, load: Load): Promise<Measured> => {
  const measured = measuredSchema.parse(await loader.ask(load));
  if (measured.failed > 0) throw new Error(`${String(measured.failed)} requests of ${String(load.paths[0])} failed`);
  return measured;
};

const timing = (rounds: readonly Measured[]): Timing => {
  const middle = (value: (round: Measured) => number): number => rounded(median(rounds.map(value)));
  return {
    perSecond: middle((round) => round.latenciesMs.length / round.seconds),
    p50Ms: middle((round) => percentile(round.latenciesMs, 0.5)),
    p99Ms: middle((round) => percentile(round.latenciesMs, 0.99)),
    mibPerSecond: middle((round) => round.bytes / round.seconds / 2 ** 20),
  };
};

const both = ({ server, bare }: Sides, target: Target) => ({
  ours: { port: server.port, paths: [...target.paths], tokens: [...server.tokens] },
  bare: { port: bare.port, paths: [bare.pathOf(target)], tokens: null },
});

/** As fast as it goes, on 1 and on 50 connections. */
export async function closedLoop(sides: Sides, targets: readonly Target[], durationMs: number) {
  const results: Record<string, object> = {};
  for (const target of targets) {
    const asked = both(sides, target);
    const measure = async (of: typeof asked.ours | typeof asked.bare, connections: number): Promise<Timing> =>
      timing([await ask(sides.loader, { ...of, connections, durationMs, perSecond: null })]);
    const result = {
      connections1: { formwork: await measure(asked.ours, 1), bare: await measure(asked.bare, 1) },
      connections50: { formwork: await measure(asked.ours, 50), bare: await measure(asked.bare, 50) },
    };
    results[target.name] = result;
    const { connections1: one, connections50: fifty } = result;
    say(
      `${target.name}: 1 connection ${one.formwork.perSecond}/s p99 ${one.formwork.p99Ms} ms (bare ${one.bare.perSecond}/s), ` +
        `50 connections ${fifty.formwork.perSecond}/s p99 ${fifty.formwork.p99Ms} ms (bare ${fifty.bare.perSecond}/s)`,
    );
  }
  return results;
}

export interface OpenLoopResult {
  readonly formwork: Timing;
  readonly bare: Timing;
  /** Our p99 over the bare route's, medians of the rounds. */
  readonly times: number;
  readonly holds: boolean;
}

/** Requests at a fixed rate, ours and the bare route's in turn; medians over the rounds. */
export async function openLoop(
  sides: Sides,
  targets: readonly Target[],
  options: { readonly perSecond: number; readonly durationMs: number; readonly rounds: number },
): Promise<Readonly<Record<string, OpenLoopResult>>> {
  const { perSecond, durationMs } = options;
  const seen = targets.map((target) => ({ target, ours: [] as Measured[], bare: [] as Measured[] }));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const { target, ours, bare } of seen) {
      const asked = both(sides, target);
      bare.push(await ask(sides.loader, { ...asked.bare, connections: 50, durationMs, perSecond }));
      // What one side still does must not be counted as the other's.
      await sleep(100);
      ours.push(await ask(sides.loader, { ...asked.ours, connections: 50, durationMs, perSecond }));
      await sleep(100);
    }
  }
  return Object.fromEntries(
    seen.map(({ target, ours, bare }) => {
      const [formwork, ofBare] = [timing(ours), timing(bare)];
      const times = rounded(formwork.p99Ms / ofBare.p99Ms);
      say(`${target.name}: open loop p99 ${formwork.p99Ms} ms, bare ${ofBare.p99Ms} ms: ${times} times`);
      return [target.name, { formwork, bare: ofBare, times, holds: times <= mostTimes }];
    }),
  );
}
