import { lead, limited, type Shape } from './content.ts';

/** A span of seeded durations of one role, milliseconds. A type, not an interface: it is JSON. */
export type DurationSpan = {
  readonly min: number;
  readonly max: number;
};

/** How long a machine takes to boot in the timed run, milliseconds. */
export const bootMs = 0;

const around = (meanMs: number): DurationSpan => ({ min: Math.round(meanMs / 2), max: Math.round(meanMs * 1.5) });

/** How far the longest of many sums lies above the mean of all, in their standard deviations, about. */
const deviationsAbove = (count: number): number => Math.sqrt(2 * Math.log(Math.max(2, count))) - 0.5;

/**
 * Durations such that the lower bound is about `boundMs`, a third of it in each stage: as long as the longest of all
 * chains takes, or as all work takes on `slots` slots where these are fewer than the chains. The role that a fifth of
 * its instances may run at once has work for six tenths of its stage.
 */
export function spansOf(shape: Shape, slots: number, boundMs: number): Readonly<Record<string, DurationSpan>> {
  const nodes = shape.controlNodes + shape.workerNodes;
  const stageMs = boundMs / 3;
  const limitedMs = (stageMs * 0.6) / 5;
  const chainMs = (names: readonly string[], besideMs: number): number => {
    // Durations lie evenly between half and one and a half times the mean.
    const longest = 1 + deviationsAbove(nodes) / Math.sqrt(12 * names.length);
    return Math.min(stageMs / longest, (stageMs * slots) / nodes - besideMs);
  };
  const spread = (names: readonly string[], besideMs = 0): readonly (readonly [string, DurationSpan])[] =>
    names.map((name) => [name, around(chainMs(names, besideMs) / names.length)] as const);
  return Object.fromEntries([
    ...spread(shape.stages.prepare),
    ...spread(shape.stages.install, limitedMs),
    ...spread(shape.stages.finish),
    [limited, around(limitedMs)],
    [lead, around((boundMs * 0.03) / shape.controlNodes)],
  ]);
}
