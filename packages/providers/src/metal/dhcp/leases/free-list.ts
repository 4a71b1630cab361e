import type { Ipv4 } from '../codec/ipv4.ts';
import type { Subnet } from '../configuration/network.ts';

/**
 * Free addresses of one subnet's pools, the longest free first: a machine that comes back finds its old address. A
 * doubly linked list in two arrays, so that nothing is ever searched.
 */
export interface FreeList {
  first(): Ipv4 | null;
  /** Removes the address; no effect when it is not in the list. */
  take(address: Ipv4): void;
  /** Appends the address; no effect when it is in the list or not in the pools. */
  give(address: Ipv4): void;
  /** Whether the pools have it, free or not. */
  owns(address: Ipv4): boolean;
  count(): number;
}

const none = -1;

export function createFreeList({ pools, withheld }: Pick<Subnet, 'pools' | 'withheld'>): FreeList {
  let size = 0;
  const ranges = pools.map(({ first, last }) => {
    const range = { first, last, offset: size };
    size += last - first + 1;
    return range;
  });
  const next = new Int32Array(size).fill(none);
  const previous = new Int32Array(size).fill(none);
  const listed = new Uint8Array(size);
  let head = none;
  let tail = none;
  let count = 0;

  const slotOf = (address: Ipv4): number => {
    for (const range of ranges) {
      if (address >= range.first && address <= range.last)
        return withheld.has(address) ? none : address - range.first + range.offset;
    }
    return none;
  };
  const addressOf = (slot: number): Ipv4 | null => {
    const range = ranges.findLast(({ offset }) => offset <= slot);
    return slot === none || range === undefined ? null : range.first + slot - range.offset;
  };
  const give = (address: Ipv4): void => {
    const slot = slotOf(address);
    if (slot === none || listed[slot] === 1) return;
    listed[slot] = 1;
    count += 1;
    previous[slot] = tail;
    next[slot] = none;
    if (tail === none) head = slot;
    else next[tail] = slot;
    tail = slot;
  };
  for (const { first, last } of ranges) for (let address = first; address <= last; address += 1) give(address);

  return {
    first: () => addressOf(head),
    take: (address) => {
      const slot = slotOf(address);
      if (slot === none || listed[slot] === 0) return;
      listed[slot] = 0;
      count -= 1;
      const before = previous[slot] ?? none;
      const after = next[slot] ?? none;
      if (before === none) head = after;
      else next[before] = after;
      if (after === none) tail = before;
      else previous[after] = before;
    },
    give,
    owns: (address) => slotOf(address) !== none,
    count: () => count,
  };
}
