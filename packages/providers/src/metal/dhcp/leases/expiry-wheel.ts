/**
 * What ends at which second. Each entry waits in one bucket at a time; one whose end was put off is found there when
 * its old time comes and waits on, so that a renewal costs nothing here.
 */
export interface ExpiryWheel<T> {
  /** `scheduled` is the second `entry` waits for already, 0 for none. Answers the one it waits for now. */
  schedule(entry: T, untilMs: number, scheduled: number): number;
  /** Hands out all entries whose second is over, with that second. */
  advance(nowMs: number, due: (entry: T, second: number) => void): void;
}

export function createExpiryWheel<T>(): ExpiryWheel<T> {
  const buckets = new Map<number, T[]>();
  let reached = 0;
  const fire = (second: number, due: (entry: T, second: number) => void): void => {
    const entries = buckets.get(second);
    if (entries === undefined) return;
    buckets.delete(second);
    for (const entry of entries) due(entry, second);
  };
  return {
    schedule: (entry, untilMs, scheduled) => {
      const second = Math.max(Math.ceil(untilMs / 1000), reached + 1);
      if (scheduled !== 0 && scheduled <= second && scheduled > reached) return scheduled;
      const bucket = buckets.get(second);
      if (bucket === undefined) buckets.set(second, [entry]);
      else bucket.push(entry);
      return second;
    },
    advance: (nowMs, due) => {
      const now = Math.floor(nowMs / 1000);
      if (now <= reached) return;
      // After a long silence, or a clock that was set, the buckets are fewer than the seconds.
      if (now - reached > buckets.size) {
        reached = now;
        for (const second of [...buckets.keys()].filter((key) => key <= now).sort((a, b) => a - b)) fire(second, due);
        return;
      }
      while (reached < now) {
        reached += 1;
        fire(reached, due);
      }
    },
  };
}
