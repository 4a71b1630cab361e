import { expect, it } from 'vitest';
import { createArrivals } from './arrivals.ts';

it('waits while many arrive, and not for what comes one after the other', () => {
  let nowMs = 0;
  const arrivals = createArrivals(() => nowMs);
  const arrive = (count: number, gapMs: number): void => {
    for (let index = 0; index < count; index += 1) {
      nowMs += gapMs;
      arrivals.note();
    }
  };
  expect(arrivals.gatherMs()).toBe(0);
  arrive(100, 30);
  expect(arrivals.gatherMs()).toBe(0);
  arrive(100, 5);
  expect(arrivals.gatherMs()).toBeGreaterThan(0);
  arrive(5, 1_000);
  expect(arrivals.gatherMs()).toBe(0);
});
