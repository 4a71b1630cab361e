import { cgroupCpuMs } from '../support/cpu-group.ts';
import type { CpuGroup } from '../support/cpu-group.ts';
import { type Cost, measure, summary } from '../support/measure.ts';
import { median, rounded } from '../support/statistics.ts';

/** The three runs of either side. */
export const runs = ['first', 'unchanged', 'changed'] as const;
export type RunName = (typeof runs)[number];

/** What a run cost the controller and the nodes, and what it did there: node-roles started, or tasks that changed something. */
export interface Measured extends Cost {
  readonly nodesCpuSeconds: number;
  readonly done: number;
}

/** One repetition of one side; `effects` are the digests of its nodes. */
export interface Round {
  readonly runs: Readonly<Record<RunName, Measured>>;
  readonly effects: readonly string[];
}

/** Measures a run; what it did is counted afterwards, off the clock. */
export async function measured<T>(
  group: Pick<CpuGroup, 'cpuMs'>,
  nodesCgroup: string,
  work: () => Promise<T>,
  count: (result: T) => number | Promise<number>,
): Promise<Measured> {
  const before = cgroupCpuMs(nodesCgroup);
  const { wallSeconds, cpuSeconds, result } = await measure(group, work);
  const nodesCpuSeconds = (cgroupCpuMs(nodesCgroup) - before) / 1000;
  return { wallSeconds, cpuSeconds, nodesCpuSeconds, done: await count(result) };
}

/** Medians over the repetitions. */
export const summaryOf = (rounds: readonly Round[], name: RunName) => {
  const costs = rounds.map((round) => round.runs[name]);
  return {
    ...summary(costs),
    nodesCpuSeconds: rounded(median(costs.map((cost) => cost.nodesCpuSeconds))),
    done: costs.map((cost) => cost.done),
  };
};
