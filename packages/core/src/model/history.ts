import { approveOpen, deedOf, proposeWish } from './commands.ts';
import { type House, newHouse } from './house.ts';
import { checkAlways } from './invariants.ts';
import type { Rules } from './rules.ts';
import { settle } from './settle.ts';
import { smallContent, type SmallRole, type Wish } from './small-content.ts';

/** One generated life of a deployment: what it is made of, what it asks for first, and what happens to it. */
export interface History {
  readonly roles: readonly SmallRole[];
  readonly barrier: boolean;
  readonly a: number;
  readonly b: number;
  /** Number of the deed, and which of the things it could be done to. */
  readonly deeds: readonly (readonly [number, number])[];
}

/** What did not hold, first things first; empty for a sound engine. */
export function violationsOf(history: History, rules: Rules): readonly string[] {
  const wish: Wish = { a: history.a, b: history.b, v: 0, w: 0, omitA: [], omitB: [] };
  const house: House = newHouse(rules, smallContent(history.roles, history.barrier), wish);
  proposeWish(house);
  approveOpen(house);
  for (const [number, x] of history.deeds) {
    deedOf(number).deed(house, x);
    checkAlways(house);
    if (house.watch.violations.length > 0) return house.watch.violations;
  }
  settle(house);
  return house.watch.violations;
}

/** A history as a person reads it. */
export const tell = (history: History): string =>
  history.deeds.map(([number, x]) => `${deedOf(number).name} ${x}`).join('\n');
