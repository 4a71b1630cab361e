import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressesFor } from './client.ts';
import { seeded, seededMs } from './random.ts';

describe('seeded values', () => {
  it('stay in their range and depend on every part', () => {
    fc.assert(
      fc.property(fc.integer(), fc.string(), fc.integer({ min: 0, max: 1000 }), (seed, name, min) => {
        const max = min + 500;
        const ms = seededMs({ min, max }, seed, name);
        expect(ms).toBeGreaterThanOrEqual(min);
        expect(ms).toBeLessThanOrEqual(max);
        expect(seeded(seed, name)).toBe(seeded(seed, name));
        expect(seeded(seed, name, 1)).not.toBe(seeded(seed, name, 2));
      }),
    );
  });

  it('have the median of a log-normal duration in their middle', () => {
    const all = Array.from({ length: 2001 }, (_, index) => seededMs({ median: 1000, sigma: 0.5 }, 1, index)).sort(
      (a, b) => a - b,
    );
    expect(all[1000]).toBeGreaterThan(930);
    expect(all[1000]).toBeLessThan(1070);
  });

  it('give addresses of hosts within 10.0.0.0/8 only', () => {
    fc.assert(
      fc.property(fc.integer(), fc.string(), (seed, name) => {
        let taken = 0;
        for (const address of addressesFor(seed, name)) {
          expect(address).toMatch(/^10(\.\d{1,3}){3}$/);
          const octets = address.split('.').map(Number);
          expect(octets.every((octet) => octet <= 255)).toBe(true);
          expect(octets[3]).toBeGreaterThan(0);
          expect(octets[3]).toBeLessThan(255);
          taken += 1;
          if (taken === 3) return;
        }
      }),
    );
  });
});
