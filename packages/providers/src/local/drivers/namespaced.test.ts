import { expect, it } from 'vitest';
import { isAbandoned } from './namespaced.ts';

it('takes a node as abandoned only when nothing but its payload is left', () => {
  const supervisor = 10;
  const init = 11;
  expect(isAbandoned([supervisor], [])).toBe(false);
  expect(isAbandoned([supervisor, init], [init])).toBe(false);
  expect(isAbandoned([init], [init])).toBe(true);
  // Without a payload group of its own there is no supervisor to lose.
  expect(isAbandoned([init], [])).toBe(false);
  expect(isAbandoned([], [])).toBe(false);
});
