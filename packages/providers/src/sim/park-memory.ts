import type { Park } from './park.ts';
import type { LedgerLine } from './ledger.ts';
import type { Machine } from './machine.ts';

/** A park that is gone with its process. */
export function openMemoryPark(): Park {
  const machines = new Map<string, Machine>();
  /** Key hashes by node id. */
  const byNode = new Map<string, Set<string>>();
  const addresses = new Set<string>();
  const counters = new Map<string, number>();
  const lines: LedgerLine[] = [];

  return {
    find: (keyHash) => machines.get(keyHash) ?? null,
    findByNodeId: (nodeId) => newest([...(byNode.get(nodeId) ?? [])].flatMap((hash) => machines.get(hash) ?? [])),
    add: (machine, keyHash, candidates) => {
      const existing = machines.get(keyHash);
      if (existing !== undefined) return { machine: existing, made: false };
      for (const address of candidates) {
        if (addresses.has(address)) continue;
        addresses.add(address);
        const made = { ...machine, address };
        machines.set(keyHash, made);
        byNode.set(made.tags.nodeId, (byNode.get(made.tags.nodeId) ?? new Set()).add(keyHash));
        return { machine: made, made: true };
      }
      throw new RangeError('every address is taken');
    },
    replace: (machine, keyHash) => {
      if (machines.has(keyHash)) machines.set(keyHash, machine);
    },
    remove: (machine, keyHash) => {
      machines.delete(keyHash);
      addresses.delete(machine.address);
      const hashes = byNode.get(machine.tags.nodeId);
      hashes?.delete(keyHash);
      if (hashes?.size === 0) byNode.delete(machine.tags.nodeId);
    },
    all: () => [...machines.values()],
    count: () => machines.size,
    bump: (counter) => {
      const count = (counters.get(counter) ?? 0) + 1;
      counters.set(counter, count);
      return count;
    },
    record: (line) => {
      lines.push(line);
    },
    ledgerLines: () => lines,
    close: () => undefined,
  };
}

/** Of several machines of one node the one of the greatest incarnation. */
export function newest(machines: readonly Machine[]): Machine | null {
  let found: Machine | null = null;
  for (const machine of machines) {
    if (found === null || machine.tags.incarnation > found.tags.incarnation) found = machine;
  }
  return found;
}
