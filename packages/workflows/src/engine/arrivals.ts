/** How long something that gathers waits for more, by how fast it has been asked lately. */
export interface Arrivals {
  /** Something arrived. */
  note(): void;
  /** Milliseconds to wait: 0 unless at least a hundred arrive in a second. */
  gatherMs(): number;
}

/** Between two arrivals, milliseconds: faster than this and waiting pays. */
const busyGapMs = 10;
/** Long enough for a few to come together, short beside any step. */
const gatherMs = 8;
/** Weight of the newest gap in the mean of the gaps. */
const weight = 0.1;

/** `now` in milliseconds. One after the other is never held up: only many at about the same time are. */
export function createArrivals(now: () => number): Arrivals {
  let meanGapMs = 1_000;
  let lastAtMs = -Infinity;
  return {
    note() {
      const atMs = now();
      const gapMs = Math.min(1_000, atMs - lastAtMs);
      lastAtMs = atMs;
      meanGapMs += weight * (gapMs - meanGapMs);
    },
    gatherMs: () => (meanGapMs < busyGapMs ? gatherMs : 0),
  };
}
