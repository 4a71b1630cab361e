import type { Scenario } from './scenario.ts';
import { randomOf } from './seeded.ts';

export interface DrawnRound {
  readonly number: number;
  readonly seed: number;
  readonly queue: 'postgres' | 'redis';
  readonly scenario: Scenario;
}

/**
 * Which scenario each round plays: each once in the order of the list, then drawn by weight from the round's own seed.
 * A single scenario with a single round is what repeats a failed one: the round's seed is then the given one.
 */
export function drawRounds(options: {
  readonly scenarios: readonly Scenario[];
  readonly seed: number;
  /** Null: each once. */
  readonly rounds: number | null;
  readonly queue: 'postgres' | 'redis' | null;
}): readonly DrawnRound[] {
  const { scenarios, seed } = options;
  const count = scenarios.length === 0 ? 0 : (options.rounds ?? scenarios.length);
  return Array.from({ length: count }, (_, index) => {
    const scenario = scenarios[index] ?? byWeight(scenarios, randomOf(seed + index)());
    const queue = options.queue ?? ((seed + index) % 2 === 0 ? 'postgres' : 'redis');
    return scenario === undefined ? [] : [{ number: index + 1, seed: seed + index, queue, scenario }];
  }).flat();
}

function byWeight(scenarios: readonly Scenario[], place: number): Scenario | undefined {
  const weightOf = ({ weight = 1 }: Scenario): number => weight;
  let left = place * scenarios.reduce((sum, scenario) => sum + weightOf(scenario), 0);
  for (const scenario of scenarios) {
    left -= weightOf(scenario);
    if (left < 0) return scenario;
  }
  return scenarios.at(-1);
}
