import { createHash } from 'node:crypto';
import type { Duration } from './configuration.ts';

/** A number in [0, 1) that depends on nothing but its arguments: the same on every host, in any order of calls. */
export function seeded(seed: number, ...parts: readonly (string | number)[]): number {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, ...parts]))
    .digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

/** A simulated duration in milliseconds. `median` and `sigma` are a log-normal's: long tails, as real boots have. */
export function seededMs(duration: Duration, seed: number, ...parts: readonly (string | number)[]): number {
  if (typeof duration === 'number') return duration;
  const first = seeded(seed, 'duration', ...parts);
  if ('min' in duration) return Math.round(duration.min + first * (duration.max - duration.min));
  const second = seeded(seed, 'duration-2', ...parts);
  const normal = Math.sqrt(-2 * Math.log(1 - first)) * Math.cos(2 * Math.PI * second);
  return Math.round(duration.median * Math.exp(duration.sigma * normal));
}
