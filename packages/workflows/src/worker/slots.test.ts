import { expect, it } from 'vitest';
import { createSlots } from './slots.ts';

/** Work that ends when it is told to. */
function held(): { readonly work: () => Promise<void>; readonly end: () => void; readonly begun: () => boolean } {
  let end = (): void => undefined;
  let begun = false;
  const until = new Promise<void>((resolve) => {
    end = resolve;
  });
  return {
    work: () => {
      begun = true;
      return until;
    },
    end: () => {
      end();
    },
    begun: () => begun,
  };
}

it('begins no more than its count at once, the others in their order', async () => {
  const slots = createSlots(2, () => undefined);
  const [first, second, third, fourth] = [held(), held(), held(), held()];
  await slots.begin(first.work);
  await slots.begin(second.work);
  const later = [slots.begin(third.work), slots.begin(fourth.work)];
  expect([third.begun(), slots.size()]).toEqual([false, 2]);
  first.end();
  await later[0];
  expect([third.begun(), fourth.begun(), slots.size()]).toEqual([true, false, 2]);
  second.end();
  await later[1];
  third.end();
  fourth.end();
  await slots.close(1_000);
  expect(slots.size()).toBe(0);
});

it('frees the slot of work that throws, and tells what it threw', async () => {
  const heard: unknown[] = [];
  const slots = createSlots(1, (error) => heard.push(error));
  await slots.begin(() => Promise.reject(new Error('broken')));
  const next = held();
  await slots.begin(next.work);
  expect(heard).toEqual([new Error('broken')]);
  next.end();
  await slots.close(1_000);
});

it('begins nothing once it is closed', async () => {
  const slots = createSlots(1, () => undefined);
  const running = held();
  await slots.begin(running.work);
  const refused = expect(slots.begin(held().work)).rejects.toThrow('stops');
  const closing = slots.close(60_000);
  await refused;
  await expect(slots.begin(held().work)).rejects.toThrow('stops');
  running.end();
  await closing;
});
