import { lead, limited, type Shape } from './content.ts';

/** A span of seeded durations of one role, milliseconds. A type, not an interface: it is JSON. */
export type DurationSpan = {
  readonly min: number;
  readonly max: number;
};

/** How long a machine takes to boot in the timed run, milliseconds. */
export const bootMs = 2_000;

const around = (meanMs: number): DurationSpan => ({ min: Math.round(meanMs / 2), max: Math.round(meanMs * 1.5) });

/**
 * Durations such that the lower bound is about `boundMs`: in every stage there is work for a third of it on `slots`
 * slots. In the second stage half of the work is that of the role that a fifth of its instances may run at once.
 */
export function spansOf(shape: Shape, slots: number, boundMs: number): Readonly<Record<string, DurationSpan>> {
  const nodes = shape.controlNodes + shape.workerNodes;
  const perNodeMs = (boundMs / 3) * (slots / nodes);
  const spread = (names: readonly string[], ms: number): readonly (readonly [string, DurationSpan])[] =>
    names.map((name) => [name, around(ms / names.length)] as const);
  const limitedMs = Math.min(perNodeMs / 2, (boundMs / 3) * 0.2);
  return Object.fromEntries([
    ...spread(shape.stages.prepare, perNodeMs),
    ...spread(shape.stages.install, perNodeMs - limitedMs),
    ...spread(shape.stages.finish, perNodeMs),
    [limited, around(limitedMs)],
    [lead, around((boundMs * 0.03) / shape.controlNodes)],
  ]);
}
