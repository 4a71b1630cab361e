import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance, emptyWindow } from './sequence-window.ts';

describe('the window of session sequence numbers', () => {
  it('takes each number once, up to 16 ahead and 15 behind, and never 0', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 80 }), (numbers) => {
        let window = emptyWindow;
        let highest = 0;
        const taken = new Set([0]);
        for (const number of numbers) {
          const fits = number !== 0 && number <= highest + 16 && number > highest - 16 && !taken.has(number);
          const next = advance(window, number);
          expect(next !== null).toBe(fits);
          if (next === null) continue;
          window = next;
          taken.add(number);
          highest = Math.max(highest, number);
        }
      }),
    );
  });

  it('drops a number far ahead, as a forged one would be', () => {
    expect(advance(emptyWindow, 17)).toBeNull();
    expect(advance(emptyWindow, 16)).toMatchObject({ highest: 16 });
  });
});
