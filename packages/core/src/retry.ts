import type { StepError } from './node-role.ts';
import type { RetryPolicy } from './role.ts';

/** Longest pause between two tries. */
const maxBackoffMs = 5 * 60_000;

/**
 * When to try again after an error, or null when the policy says no. `tries` counts those of this run, the failed one
 * included; the pause doubles each time, with up to a quarter of jitter taken from `random` (0 <= random < 1).
 */
export function retryAtMs(
  policy: RetryPolicy,
  error: StepError,
  tries: number,
  nowMs: number,
  random: number,
): number | null {
  if (tries >= policy.attempts || !policy.on.includes(error.kind)) return null;
  const pause = Math.min(policy.backoffMs * 2 ** (tries - 1), maxBackoffMs);
  return nowMs + Math.round(pause * (1 + random / 4));
}

/** `max: 20%` or `max: 3` of a role with `instances`: rounded down, at least 1; null for no limit. */
export function limitOf(max: number | string | null, instances: number): number | null {
  if (max === null) return null;
  if (typeof max === 'number') return Math.max(1, max);
  const percent = Number.parseFloat(max);
  return Number.isFinite(percent) ? Math.max(1, Math.floor((instances * percent) / 100)) : 1;
}
