import { expect, it } from 'vitest';
import { createSlots } from './slots.ts';

const long = 3_600_000;

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
  expect(await slots.begin(first.work, long)).toBe(true);
  expect(await slots.begin(second.work, long)).toBe(true);
  const later = [slots.begin(third.work, long), slots.begin(fourth.work, long)];
  expect([third.begun(), slots.size()]).toEqual([false, 2]);
  first.end();
  expect(await later[0]).toBe(true);
  expect([third.begun(), fourth.begun(), slots.size()]).toEqual([true, false, 2]);
  second.end();
  expect(await later[1]).toBe(true);
  third.end();
  fourth.end();
  await slots.close(long);
  expect(slots.size()).toBe(0);
});

it('frees the slot of work that throws, and tells what it threw', async () => {
  const heard: unknown[] = [];
  const slots = createSlots(1, (error) => heard.push(error));
  await slots.begin(() => Promise.reject(new Error('broken')), long);
  const next = held();
  expect(await slots.begin(next.work, long)).toBe(true);
  expect(heard).toEqual([new Error('broken')]);
  next.end();
  await slots.close(long);
});

it('gives up on what finds no free slot in its time, and never begins it', async () => {
  const slots = createSlots(1, () => undefined);
  const running = held();
  await slots.begin(running.work, long);
  const refused = held();
  expect(await slots.begin(refused.work, 1)).toBe(false);
  running.end();
  await slots.close(long);
  expect(refused.begun()).toBe(false);
});

it('tells when there is room again', async () => {
  const slots = createSlots(1, () => undefined);
  await slots.room();
  const running = held();
  await slots.begin(running.work, long);
  const order: string[] = [];
  const room = slots.room().then(() => order.push('room'));
  order.push('full');
  running.end();
  await room;
  expect(order).toEqual(['full', 'room']);
  await slots.begin(held().work, long);
  const closed = slots.room();
  await slots.close(0);
  await closed;
});

it('begins nothing once it is closed', async () => {
  const slots = createSlots(1, () => undefined);
  const running = held();
  await slots.begin(running.work, long);
  const waiting = slots.begin(held().work, long);
  const closing = slots.close(long);
  expect(await waiting).toBe(false);
  expect(await slots.begin(held().work, long)).toBe(false);
  running.end();
  await closing;
});
