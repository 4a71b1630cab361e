/** Counts wrong tokens by address over the last minute. */
export interface FailedLogins {
  isBlocked(address: string): boolean;
  record(address: string): void;
}

const windowMs = 60_000;
/** Addresses remembered at most: the oldest are forgotten, so that nobody can fill the memory. */
const kept = 10_000;

export function countFailedLogins(limit: number, now: () => number): FailedLogins {
  const failures = new Map<string, number[]>();
  const recent = (address: string): number[] =>
    (failures.get(address) ?? []).filter((at) => at > now() - windowMs).slice(-limit);
  return {
    isBlocked: (address) => recent(address).length >= limit,
    record(address) {
      const times = [...recent(address), now()];
      failures.delete(address);
      failures.set(address, times);
      const oldest = failures.keys().next();
      if (failures.size > kept && oldest.done !== true) failures.delete(oldest.value);
    },
  };
}
