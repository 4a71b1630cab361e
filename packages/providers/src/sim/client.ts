import { createHash } from 'node:crypto';
import type { SimConfiguration } from './configuration.ts';
import type { Park } from './park.ts';
import { openDiskPark } from './park-disk.ts';
import { openMemoryPark } from './park-memory.ts';
import { seeded } from './random.ts';

/** What stands where other providers have their SDK. */
export const openPark = (state: SimConfiguration['state'], directory: string): Park =>
  state === 'memory' ? openMemoryPark() : openDiskPark(directory);

/** File name and provider id of a machine: keys come from outside and may hold anything. */
export const keyHashOf = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 32);

/** Addresses within 10.0.0.0/8 in the order to try them: by seed and name, then the ones after it. */
export function* addressesFor(seed: number, name: string): Generator<string> {
  const hosts = 254;
  const total = 256 * 256 * hosts;
  const first = Math.floor(seeded(seed, 'address', name) * total);
  for (let step = 0; step < total; step += 1) {
    const number = (first + step) % total;
    const network = Math.floor(number / hosts);
    yield `10.${network >>> 8}.${network & 255}.${(number % hosts) + 1}`;
  }
}
