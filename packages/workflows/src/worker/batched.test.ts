import { expect, it } from 'vitest';
import { batched } from './batched.ts';

it('groups what arrives at once and what arrives while a batch is under way', async () => {
  const batches: number[][] = [];
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const double = batched(async (numbers: readonly number[]) => {
    batches.push([...numbers]);
    if (batches.length === 1) await held;
    return numbers.map((number) => number * 2);
  });
  const first = [double(1), double(2)];
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  const second = [double(3), double(4), double(5)];
  release();
  expect(await Promise.all([...first, ...second])).toEqual([2, 4, 6, 8, 10]);
  expect(batches).toEqual([
    [1, 2],
    [3, 4, 5],
  ]);
});

it('takes 200 at a time', async () => {
  const sizes: number[] = [];
  const same = batched((numbers: readonly number[]) => {
    sizes.push(numbers.length);
    return Promise.resolve(numbers);
  });
  const numbers = Array.from({ length: 450 }, (_, index) => index);
  expect(await Promise.all(numbers.map(same))).toEqual(numbers);
  expect(sizes).toEqual([200, 200, 50]);
});

it('lets only what is at fault fail', async () => {
  const same = batched((numbers: readonly number[]) =>
    numbers.includes(2) ? Promise.reject(new Error('two is refused')) : Promise.resolve(numbers),
  );
  const answers = await Promise.allSettled([same(1), same(2), same(3)]);
  expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await same(4)).toBe(4);
});
