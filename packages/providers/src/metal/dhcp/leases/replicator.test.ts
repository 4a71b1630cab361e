import { afterEach, expect, it } from 'vitest';
import type { Lease } from './lease.ts';
import { type Replicator, startReplicator } from './replicator.ts';

const lease = (address: number, sequence: number): Lease => ({
  address,
  client: 'c',
  state: 'active',
  untilMs: sequence,
  hostname: '',
  sequence,
});
const closers: Replicator<Lease>[] = [];
afterEach(async () => {
  for (const replicator of closers.splice(0)) await replicator.close();
});

/** A replica that can be away; it keeps the greatest sequence of each address, as the contract says. */
function replica() {
  const held = new Map<number, number>();
  const state = { away: false, deliveries: 0, failures: 0 };
  const start = (backlog: readonly Lease[] = []): Replicator<Lease> => {
    const replicator = startReplicator({
      backlog,
      batchSize: 2,
      retryMs: 5,
      timeoutMs: 50,
      onFailure: () => (state.failures += 1),
      deliver: (batch, signal) => {
        if (state.away)
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('away'))));
        state.deliveries += 1;
        for (const { address, sequence } of batch) held.set(address, Math.max(held.get(address) ?? 0, sequence));
        return Promise.resolve();
      },
    });
    closers.push(replicator);
    return replicator;
  };
  return { held, state, start };
}

it('brings the backlog and what comes, in order', async () => {
  const { held, start } = replica();
  const replicator = start([lease(1, 1), lease(2, 2)]);
  replicator.committed([lease(3, 3), lease(1, 4)]);
  await expect.poll(() => replicator.lag()).toBe(0);
  expect([replicator.cursor(), [...held].sort()]).toEqual([
    4,
    [
      [1, 4],
      [2, 2],
      [3, 3],
    ],
  ]);
});

it('lags while the replica is away, keeps one state an address, and catches up', async () => {
  const { held, state, start } = replica();
  state.away = true;
  const replicator = start();
  for (let sequence = 1; sequence <= 1000; sequence += 1) replicator.committed([lease(sequence % 10, sequence)]);
  await expect.poll(() => state.failures).toBeGreaterThan(0);
  expect([replicator.lag(), replicator.cursor(), held.size]).toEqual([10, null, 0]);
  state.away = false;
  await expect.poll(() => replicator.lag()).toBe(0);
  expect([replicator.cursor(), Math.min(...held.values())]).toEqual([1000, 991]);
});

it('ends in the middle of a delivery that hangs', async () => {
  const { state, start } = replica();
  state.away = true;
  const replicator = start([lease(1, 1)]);
  await replicator.close();
  expect(replicator.lag()).toBe(1);
});
