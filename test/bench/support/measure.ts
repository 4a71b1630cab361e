import { setTimeout as sleep } from 'node:timers/promises';
import type { CpuGroup } from './cpu-group.ts';
import { median, percentile, rounded } from './statistics.ts';

/** What one piece of work cost: seconds on the clock, and CPU seconds of a group of processes. */
export interface Cost {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
}

/** Time given to what a process does after it has answered, so that its CPU counts, too. */
const settleMs = 500;

/** The clock stops with `work`; CPU is read a little later. */
export async function measure<T>(
  group: Pick<CpuGroup, 'cpuMs'>,
  work: () => Promise<T>,
): Promise<Cost & { readonly result: T }> {
  const [cpuBefore, wallBefore] = [group.cpuMs(), performance.now()];
  const result = await work();
  const wallSeconds = (performance.now() - wallBefore) / 1000;
  await sleep(settleMs);
  return { wallSeconds, cpuSeconds: (group.cpuMs() - cpuBefore) / 1000, result };
}

/** Medians of several costs, with the samples they are of. */
export const summary = (costs: readonly Cost[]) => ({
  wallSeconds: rounded(median(costs.map((cost) => cost.wallSeconds))),
  slowestWallSeconds: rounded(
    percentile(
      costs.map((cost) => cost.wallSeconds),
      1,
    ),
  ),
  cpuSeconds: rounded(median(costs.map((cost) => cost.cpuSeconds))),
  samples: costs.map(({ wallSeconds, cpuSeconds }) => [rounded(wallSeconds), rounded(cpuSeconds)] as const),
});
export type Summary = ReturnType<typeof summary>;

/** How many times less the second took. */
export const ratioOf = (theirs: Summary, ours: Summary) => ({
  wall: rounded(theirs.wallSeconds / ours.wallSeconds),
  cpu: rounded(theirs.cpuSeconds / ours.cpuSeconds),
});
