import { describe, expect, it } from 'vitest';
import { realClock, virtualClock } from './clock.ts';

const never = new AbortController().signal;

describe('a virtual clock', () => {
  it('wakes in the order of time, and in the order of calls at one time', async () => {
    const clock = virtualClock(0);
    const woken: string[] = [];
    const sleep = async (name: string, ms: number): Promise<void> => {
      await clock.wait(ms, never);
      woken.push(`${name}@${clock.nowMs()}`);
      if (name === 'a') await sleep('after a', 5);
    };
    const all = Promise.all([sleep('c', 30), sleep('a', 10), sleep('b', 10), sleep('d', 31)]);
    await clock.advance(30);
    expect(woken).toEqual(['a@10', 'b@10', 'after a@15', 'c@30']);
    expect(await clock.advanceToNext()).toBe(true);
    await all;
    expect(await clock.advanceToNext()).toBe(false);
    expect(clock.nowMs()).toBe(31);
  });
});

describe.each([
  ['a virtual clock', () => virtualClock(0)],
  ['the real clock', () => realClock(1)],
])('%s', (_, make) => {
  it('lets a wait end at once when its signal fires, before or after it began', async () => {
    const clock = make();
    const abort = new AbortController();
    const waiting = clock.wait(1_000_000, abort.signal);
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(clock.wait(1_000_000, abort.signal)).rejects.toThrow('enough');
  });
});
