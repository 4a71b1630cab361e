/** What a scenario is given for one round. */
export interface Round {
  readonly seed: number;
  /** 0 <= x < 1, seeded: a round of the same seed does the same things. */
  readonly random: () => number;
  readonly queue: 'postgres' | 'redis';
  /** Adds a phrase to the round's line: what was killed when. */
  note(what: string): void;
}

/** One kind of fault. Whatever it starts and makes is gone when `run` ends, however it ends. */
export interface Scenario {
  readonly name: string;
  /** How often it is drawn in comparison with the others; 1 unless said. */
  readonly weight?: number;
  /** Names what this machine lacks; null when the scenario can run. */
  missing(): string | null;
  /** Throws with what was violated. */
  run(round: Round): Promise<void>;
}
