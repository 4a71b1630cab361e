/** Chains of steps, each needing the one before it in its chain. */
export interface Shape {
  readonly chains: number;
  readonly length: number;
}

/** Ordinals from 1. */
export const ordinals = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Whole numbers as names that sort. */
export const padded = (ordinal: number): string => String(ordinal).padStart(4, '0');
