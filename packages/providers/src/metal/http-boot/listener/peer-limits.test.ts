import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bootListenerConfiguration } from './configuration.ts';
import { createPeerLimits } from './peer-limits.ts';

const limitsOf = (given: object) =>
  bootListenerConfiguration.parse({ addresses: ['127.0.0.1'], root: '/x', limits: given }).limits;

it('gives a peer its burst, then its rate, whatever the others do', () => {
  const peers = createPeerLimits(limitsOf({ requestsPerSecond: 10, burst: 3 }));
  const ask = (nowMs: number) => peers.withinRate('a', nowMs);
  expect([ask(0), ask(0), ask(0), ask(0), ask(50), ask(100), ask(100)]).toEqual([
    ...[true, true, true, false, false],
    ...[true, false],
  ]);
  expect(peers.withinRate('b', 100)).toBe(true);
});

it('never gives more places than there are, and all of them back', () => {
  const step = fc.record({ address: fc.constantFrom('a', 'b', 'c'), kind: fc.constantFrom('open', 'close') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const peers = createPeerLimits(limitsOf({ connections: 5, connectionsPerAddress: 2 }));
      const open = new Map<string, number>();
      const total = () => [...open.values()].reduce((sum, count) => sum + count, 0);
      for (const { address, kind } of steps) {
        const held = open.get(address) ?? 0;
        if (kind === 'close') {
          if (held > 0) {
            peers.disconnect(address);
            open.set(address, held - 1);
          }
        } else {
          const admitted = peers.connect(address);
          expect(admitted).toBe(held < 2 && total() < 5);
          if (admitted) open.set(address, held + 1);
        }
      }
    }),
  );
});

it('forgets peers that have nothing', () => {
  const peers = createPeerLimits(limitsOf({}));
  peers.connect('held');
  for (let index = 0; index < 40_000; index += 1) peers.withinRate(`10.0.${index >> 8}.${index & 255}`, index);
  expect(peers.size()).toBeLessThanOrEqual(16_385);
  peers.disconnect('held');
});
